"""What happens to one file away from the store: read, tag, resolve, relate. Runs in workers; writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.engine import explain_error
from kg.errors import KGError
from kg.read import Source, hash_bytes, load_bytes, parse_bytes
from kg.records import Document, Entity, Failure, Link, Mention, Record, Tagged
from kg.settings import DEFAULTS, Settings

if TYPE_CHECKING:
    from kg.relate import Patterns
    from kg.tag import Pipeline


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
    load: Callable[[Options], Stages] | None = None  # None: load_stages; must be importable by worker processes


@dataclass(frozen=True, slots=True)
class Job:
    """One file for a worker."""

    source: Source
    size: int | None = None  # bytes, when the job was made
    mtime: int | None = None  # nanoseconds, likewise: what changes later is seen by the next build
    held: frozenset[str] = frozenset()  # ids of documents whose records the store has already
    data: bytes | None = None  # of standard input, which workers cannot read


@dataclass(frozen=True, slots=True)
class Yield:
    """What a worker made of a file: a record, a failure, or the bare document where its record is held."""

    hash: str | None  # SHA-256 of the file's bytes; None when they could not be read
    results: tuple[Record | Document | Failure, ...]


def load_stages(options: Options) -> Stages:
    """Load pipeline and patterns, once a process. Raises PipelineError, UsageError."""
    from kg.relate import load_patterns
    from kg.tag import load_pipeline

    return join_stages(load_pipeline(options.pipeline), load_patterns(options.patterns), options.settings)


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
    return lambda job: work_file(job, stages, options)


def work_file(job: Job, stages: Stages, options: Options) -> Yield:
    """Read a file and take each of its documents through the stages; one that fails costs no other its place."""
    digest = None
    try:
        data = load_bytes(job.source, settings=options.settings) if job.data is None else job.data
        digest = hash_bytes(data)
        documents = parse_bytes(data, job.source, lang=options.lang, settings=options.settings)
    except Exception as error:
        return Yield(digest, (Failure(job.source.path, "read", *explain_error(error)),))
    return Yield(
        digest,
        tuple(
            document if isinstance(document, Failure) or document.id in job.held else run_stages(document, stages)
            for document in documents
        ),
    )


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
    return Record(document, bounds, tuple(mentions), tuple(entities), tuple(links), tagged.pipeline)


def process_document(
    document: Document, pipeline: Pipeline, patterns: Patterns, *, settings: Settings = DEFAULTS
) -> Record:
    """Tag, resolve and relate one document. Raises KGError saying which stage failed and why."""
    result = run_stages(document, join_stages(pipeline, patterns, settings))
    if isinstance(result, Failure):
        raise KGError(f"{result.source}: {result.stage}: {result.reason}")
    return result
