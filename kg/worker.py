"""What happens to one file away from the store: read, tag, resolve, relate. Runs in workers; writes nothing."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kg.engine import Outcome, explain_error, report_alive
from kg.errors import KGError
from kg.formats import Columns
from kg.read import Source, choose_language, hash_bytes, load_bytes, parse_bytes
from kg.records import Document, Entity, Failure, Link, Mention, Record, Tagged
from kg.settings import DEFAULTS, Settings
from kg.text import detect_language

if TYPE_CHECKING:
    from kg.relate import Patterns
    from kg.tag import Pipeline

WARM_UP = "Kari Nordmann leder Fjellbygg i Bodø."
"""Taken through the stages before the first document, whose time limit shall not have to cover what is loaded late."""


CAPPED = f"capped: in a sentence of more than {DEFAULTS.max_together} names only the nearest ones are linked"
GUESSED = Columns()
GROUP_CHARS = 20_000  # characters of documents of one file that are tagged in one go: seconds of work
GROUP_DOCUMENTS = 100


@dataclass(frozen=True, slots=True)
class Stages:
    """The stages of one document, each a function; tests and other engines put in their own."""

    tag: Callable[[Document], Tagged]
    resolve: Callable[[Tagged], tuple[tuple[Mention, ...], tuple[Entity, ...]]]
    relate: Callable[[Tagged, Sequence[Mention]], tuple[Link, ...]]


@dataclass(frozen=True, slots=True)
class Options:
    """What a build is asked for."""

    lang: str = "auto"  # or the language of all documents
    pipeline: str = "nb"  # bundled ("nb", "fast"), or an installed spaCy pipeline
    patterns: tuple[str, ...] = ()  # pattern files beside the bundled ones
    workers: int | None = None  # None: one a core; 0: in this process, without limits
    prune: bool = False  # forget files that are gone
    retry_skipped: bool = False  # read again what was skipped, though its file is unchanged
    settings: Settings = DEFAULTS
    columns: Columns = GUESSED  # of tables: which holds the text, the date, the id
    load: Callable[[Options], Stages] | None = None  # None: load_stages; must be importable by worker processes


@dataclass(frozen=True, slots=True)
class Job:
    """One file for a worker, or with ``documents`` some of those that one held, already read."""

    source: Source
    size: int | None = None  # bytes, when the job was made
    mtime: int | None = None  # nanoseconds, likewise: what changes later is seen by the next build
    held: frozenset[str] = frozenset()  # ids of documents whose records the store has already
    data: bytes | None = None  # of standard input, which workers cannot read
    documents: tuple[Document | Failure, ...] = ()
    first: int = 0  # place in the file of the first of them
    last: bool = True  # whether the file ends with them
    reader: str = ""  # how the user said to read it
    hash: str | None = None  # of the file's bytes, where it was read


@dataclass(frozen=True, slots=True)
class Yield:
    """What a worker made of a file: a record, a failure, or the bare document where its record is held.

    Of a file of many documents it makes none of these, but all its documents, ``waiting`` to be tagged job by job: so
    one that fails costs no other its place, and all workers share them.
    """

    hash: str | None  # SHA-256 of the file's bytes; None when they could not be read
    results: tuple[Record | Document | Failure, ...]
    waiting: tuple[Document | Failure, ...] = ()


def load_stages(options: Options) -> Stages:
    """Load pipeline and patterns, once a process. Raises PipelineError, UsageError."""
    from kg.relate import load_patterns
    from kg.tag import load_pipeline

    stages = join_stages(load_pipeline(options.pipeline), load_patterns(options.patterns), options.settings)
    run_stages(Document("", "", WARM_UP), stages)
    return stages


def join_stages(pipeline: Pipeline, patterns: Patterns, settings: Settings) -> Stages:
    from kg.relate import find_links
    from kg.resolve import resolve_document
    from kg.tag import tag_documents

    return Stages(
        lambda document: next(tag_documents([document], pipeline, settings=settings)),
        resolve_document,
        lambda tagged, mentions: find_links(tagged, mentions, patterns),
    )


def make_worker(options: Options) -> Callable[[Job], Yield]:
    """The function that works on one file after another; called once in each worker process."""
    stages = (options.load or load_stages)(options)
    if options.lang == "auto":
        detect_language(WARM_UP)
    return lambda job: work_file(job, stages, options)


def work_file(job: Job, stages: Stages, options: Options) -> Yield:
    """Read a file and take its document through the stages; or documents that were read before."""
    if job.documents:
        return Yield(job.hash, tuple(work_document(document, job, stages, options) for document in job.documents))
    digest = None
    try:
        data = load_bytes(job.source, settings=options.settings) if job.data is None else job.data
        digest = hash_bytes(data)
        found = parse_bytes(
            data,
            job.source,
            lang="" if options.lang == "auto" else options.lang,
            settings=options.settings,
            columns=options.columns,
            progress=report_alive,
        )
    except Exception as error:
        return Yield(digest, (Failure(job.source.path, "read", *explain_error(error)),))
    if len(found) > 1:
        return Yield(digest, (), tuple(found))
    return Yield(digest, (work_document(found[0], job, stages, options),))


def work_document(
    document: Document | Failure, job: Job, stages: Stages, options: Options
) -> Record | Document | Failure:
    if isinstance(document, Failure) or document.id in job.held:
        return document
    if not document.lang:
        document = replace(document, lang=choose_language(document.text, options.lang))
    return run_stages(document, stages)


def split_job(outcome: Outcome[Job, Yield]) -> list[Job]:
    """The jobs that follow from one: for the documents of a file; and for each by itself, where one ended a worker."""
    job, made = outcome.item, outcome.value
    if made is None and len(job.documents) > 1:
        groups = [(document,) for document in job.documents]
        return cut_job(replace(job, data=None), groups)
    if made is not None and made.waiting:
        return cut_job(replace(job, data=None, hash=made.hash), list(group_documents(made.waiting)))
    return []


def cut_job(job: Job, groups: Sequence[tuple[Document | Failure, ...]]) -> list[Job]:
    """A job for each group of the documents; the last of them ends what ``job`` ended."""
    jobs, at = [], job.first
    for number, group in enumerate(groups, 1):
        last = job.last and number == len(groups)
        jobs.append(replace(job, documents=group, first=at, last=last))
        at += len(group)
    return jobs


def group_documents(documents: Sequence[Document | Failure]) -> Iterator[tuple[Document | Failure, ...]]:
    """In order, so few at a time that all workers get some and none takes long over them."""
    group: list[Document | Failure] = []
    size = 0
    for document in documents:
        length = len(document.text) if isinstance(document, Document) else 0
        if group and (size + length > GROUP_CHARS or len(group) >= GROUP_DOCUMENTS):
            yield tuple(group)
            group, size = [], 0
        group.append(document)
        size += length
    if group:
        yield tuple(group)


def run_stages(document: Document, stages: Stages) -> Record | Failure:
    """All that one document yields, or at which stage it failed and why."""
    stage = "tag"
    try:
        tagged = stages.tag(document)
        stage = "resolve"
        mentions, entities = stages.resolve(tagged)
        stage = "relate"
        links = stages.relate(tagged, mentions)
    except Exception as error:
        return Failure(document.source, stage, *explain_error(error))
    bounds = tuple((sentence.start, sentence.end) for sentence in tagged.sentences)
    if most_together(bounds, mentions) > DEFAULTS.max_together:
        document = replace(document, guesses=(*document.guesses, CAPPED))
    return Record(document, bounds, tuple(mentions), tuple(entities), tuple(links), tagged.pipeline)


def most_together(bounds: Sequence[tuple[int, int]], mentions: Sequence[Mention]) -> int:
    """The number of entities in the sentence that names most."""
    starts = [start for start, _ in bounds]
    named: dict[int, set[str]] = defaultdict(set)
    for mention in mentions:
        named[bisect_right(starts, mention.start)].add(mention.entity)
    return max(map(len, named.values()), default=0)


def process_document(
    document: Document, pipeline: Pipeline, patterns: Patterns, *, settings: Settings = DEFAULTS
) -> Record:
    """Tag, resolve and relate one document. Raises KGError saying which stage failed and why."""
    result = run_stages(document, join_stages(pipeline, patterns, settings))
    if isinstance(result, Failure):
        raise KGError(f"{result.source}: {result.stage}: {result.reason}")
    return result
