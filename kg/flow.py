"""The stages in order. Read ``build_store`` to know the program.

    1 find      paths -> sources                         read.find_sources
    2 compare   sources -> those that are new            store.facts
    3 read      bytes -> documents                       read.parse_bytes      in workers
    4 tag       documents -> sentences and mentions      tag.tag_documents     in workers
    5 resolve   mentions -> the document's entities      resolve               in workers
    6 relate    sentences -> links                       relate.find_links     in workers
    7 keep      records -> facts, one transaction a file store.facts
    8 derive    facts + corrections -> the graph         resolve_corpus, store.derive
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg import engine
from kg._version import __version__
from kg.errors import KGError, ReadError, UsageError
from kg.formats import READERS
from kg.pipelines import describe_pipeline
from kg.read import STDIN, Source, find_sources, hash_bytes, load_bytes, parse_bytes, read_texts
from kg.records import Document, Failure, Record, Tagged
from kg.settings import DEFAULTS, Settings
from kg.store import Store, derive, facts, open_store

if TYPE_CHECKING:
    import networkx

    from kg.relate import Patterns
    from kg.resolve import LocalEntity, Resolution
    from kg.store.facts import CorrectionRow

PATTERNS = Path(__file__).parent / "patterns"

Tagger = Callable[[Document], Tagged]
Progress = Callable[[int, int, int], None]  # documents done, documents in all, characters done


@dataclass(frozen=True, slots=True)
class Options:
    """What a build is asked for. ``workers`` None: one a core; 0: in this process, without limits."""

    lang: str = "auto"
    pipeline: str = "nb"
    patterns: tuple[str, ...] = ()  # files beside the bundled ones
    workers: int | None = None
    prune: bool = False  # forget files below the given folders that are gone
    retry_skipped: bool = False
    settings: Settings = DEFAULTS


@dataclass(slots=True)
class Summary:
    """What a build did; seen = read + unchanged + skipped. Counts are documents."""

    seen: int = 0
    read: int = 0
    unchanged: int = 0
    skipped: list[Failure] = field(default_factory=list)
    removed: int = 0
    sentences: int = 0
    mentions: int = 0
    links: int = 0
    characters: int = 0
    seconds: float = 0.0
    pipelines: Counter[tuple[str, str]] = field(default_factory=Counter)  # (pipeline, language) -> documents
    totals: dict[str, int] = field(default_factory=dict)  # what the store holds now


@dataclass(frozen=True, slots=True)
class Job:
    """One file for a worker. ``hash``: of the bytes last read from it; ``held``: documents the store has already."""

    source: Source
    hash: str | None = None
    held: frozenset[str] = frozenset()
    data: bytes | None = None  # standard input, which workers cannot read


@dataclass(frozen=True, slots=True)
class Yield:
    """What a worker made of a file; ``results`` is None where its bytes are those of last time."""

    hash: str
    size: int
    results: list[Record | Document | Failure] | None


def build_store(
    paths: Iterable[str | os.PathLike[str]],
    store_path: str | os.PathLike[str],
    *,
    options: Options | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Bring the store at ``store_path`` up to date with the documents behind ``paths``.

    Safe to repeat: what is unchanged is not tagged again. Safe to interrupt: each file is one transaction.
    Raises UsageError where no document is named, StoreError, PipelineError.
    """
    options = options or Options()
    paths = [os.fspath(path) for path in paths]
    if not paths:
        raise UsageError("name at least one file or folder to read, for example: kg build data")
    with open_store(Path(store_path), write=True) as store:
        return update_store(store, paths, options, progress)


def update_store(
    store: Store, paths: Sequence[str], options: Options, progress: Progress | None = None
) -> Summary:
    """As ``build_store``, into an open store."""
    started = time.perf_counter()
    summary = Summary()
    maker = describe_maker(options)
    found = list(find_sources(paths))  # 1
    jobs = list(compare_sources(store, found, maker, options, summary))  # 2
    try:
        for outcome in run_jobs(jobs, options):  # 3-6
            keep_outcome(store, outcome, maker, summary)  # 7
            if progress:
                progress(summary.seen, len(found), summary.characters)
        if options.prune:
            summary.removed = prune_store(store, paths)
    finally:
        refresh_graph(store)  # 8
    from kg.store import lookup

    summary.totals = lookup.count_all(store)
    summary.seconds = time.perf_counter() - started
    return summary


def describe_maker(options: Options) -> str:
    """What a record depends on beside its document: versions of kg, pipeline, patterns, and a forced language."""
    digest = hashlib.sha256()
    for path in (*sorted(PATTERNS.glob("*.toml")), *map(Path, options.patterns)):
        try:
            digest.update(path.read_bytes())
        except OSError as error:
            raise UsageError(f"cannot read the pattern file {path} ({error.strerror})") from error
    return f"kg {__version__}; {describe_pipeline(options.pipeline)}; patterns {digest.hexdigest()[:8]}; {options.lang}"


def compare_sources(
    store: Store, found: Iterable[Source | Failure], maker: str, options: Options, summary: Summary
) -> Iterator[Job]:
    """The sources that must be read; what is unchanged or cannot be read is counted here."""
    for source in found:
        if isinstance(source, Failure):
            state = facts.FileState(os.path.abspath(source.source), source.source, maker)
            keep_failures(store, state, [source], summary)
            continue
        if source.path == STDIN:
            yield Job(source, data=load_bytes(source, settings=options.settings))
            continue
        known = facts.find_file(store, source.place)
        old = known is not None and known.state.maker == maker
        if known and options.retry_skipped and any(row.status == "skipped" for row in known.rows):
            old = False
        size, mtime = stat_file(source)
        if known and old and (known.state.size, known.state.mtime) == (size, mtime):
            count_unchanged(known, summary)
            continue
        held: frozenset[str] = frozenset()
        if size is not None and facts.has_size(store, size):
            data = load_bytes(source, settings=options.settings)
            held = frozenset(d for d in facts.find_by_hash(store, hash_bytes(data)) if has_record(store, d, maker))
        yield Job(source, known.state.hash if known and old else None, held)


def stat_file(source: Source) -> tuple[int | None, int | None]:
    try:
        status = os.stat(source.path)
    except OSError:
        return None, None
    return status.st_size, status.st_mtime_ns


def has_record(store: Store, document: str, maker: str) -> bool:
    return any(row.maker == maker for row in facts.list_sources(store, "d.id = ?", (document,)))


def count_unchanged(known: facts.StoredFile, summary: Summary) -> None:
    for row in known.rows:
        summary.seen += 1
        if row.status == "read":
            summary.unchanged += 1
        else:
            summary.skipped.append(Failure(row.path, row.stage or "read", row.reason or "", row.passing))


def run_jobs(jobs: Sequence[Job], options: Options) -> Iterator[engine.Outcome[Job, Yield]]:
    settings = options.settings
    if not jobs:
        return iter(())
    if options.workers == 0:
        return engine.run_inline(make_worker(options), jobs)
    workers = count_cores() if options.workers is None else options.workers
    return engine.run_workers(
        make_worker,
        jobs,
        arguments=(options,),
        workers=min(workers, len(jobs)),
        seconds=settings.document_seconds,
        megabytes=settings.worker_megabytes,
    )


def count_cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def make_worker(options: Options) -> Callable[[Job], Yield]:
    """Load pipeline and patterns once; the function returned reads, tags, resolves and relates one file."""
    process = make_processor(options)
    return lambda job: work_file(job, process, options)


def make_processor(options: Options) -> Callable[[Document], Record]:
    """Load pipeline and patterns once; the function returned tags, resolves and relates one document."""
    from kg.relate import load_patterns
    from kg.tag import load_pipeline, tag_documents

    pipeline = load_pipeline(options.pipeline)
    patterns = load_patterns(options.patterns)

    def tag(document: Document) -> Tagged:
        return next(tag_documents([document], pipeline, settings=options.settings))

    return lambda document: process_document(document, tag, patterns)


def work_file(job: Job, process: Callable[[Document], Record], options: Options) -> Yield:
    data = job.data if job.data is not None else load_bytes(job.source, settings=options.settings)
    digest = hash_bytes(data)
    if digest == job.hash:
        return Yield(digest, len(data), None)
    try:
        documents = parse_bytes(data, job.source, lang=options.lang, settings=options.settings)
    except ReadError as error:
        return Yield(digest, len(data), [Failure(job.source.path, "read", str(error), error.passing)])
    results: list[Record | Document | Failure] = []
    for document in documents:
        if document.id in job.held:
            results.append(document)
            continue
        try:
            results.append(process(document))
        except KGError as error:
            results.append(Failure(document.source, "tag", str(error)))
    return Yield(digest, len(data), results)


def process_document(document: Document, tag: Tagger, patterns: Patterns) -> Record:
    """Tag, resolve and relate one document: all that it yields."""
    from kg.relate import find_links
    from kg.resolve import resolve_document

    tagged = tag(document)
    mentions, entities = resolve_document(tagged)
    links = find_links(tagged, mentions, patterns)
    bounds = tuple((sentence.start, sentence.end) for sentence in tagged.sentences)
    return Record(document, bounds, mentions, entities, links, tagged.pipeline)


def tag_paths(
    paths: Iterable[str | os.PathLike[str]], options: Options
) -> Iterator[Record | Failure]:
    """What kg sees in each document, in order, without a store."""
    found = list(find_sources([os.fspath(path) for path in paths]))
    sources = [source for source in found if isinstance(source, Source)]
    jobs = [Job(s, data=load_bytes(s) if s.path == STDIN else None) for s in sources]
    outcomes = run_jobs(jobs, options)
    for source in found:
        if isinstance(source, Failure):
            yield source
            continue
        outcome = next(outcomes)
        if outcome.value is None:
            yield Failure(source.path, "tag", outcome.reason or "", outcome.passing)
            continue
        for result in outcome.value.results or ():
            if not isinstance(result, Document):
                yield result


def keep_outcome(store: Store, outcome: engine.Outcome[Job, Yield], maker: str, summary: Summary) -> None:
    source = outcome.item.source
    size, mtime = stat_file(source)
    state = facts.FileState(source.place, source.path, maker, None, size, mtime)
    if outcome.value is None:
        failure = Failure(source.path, "tag", outcome.reason or "failed", outcome.passing)
        keep_failures(store, replace(state, hash=hash_file(source)), [failure], summary)
        return
    state = replace(state, hash=outcome.value.hash)
    if outcome.value.results is None:
        facts.touch_file(store, state)
        known = facts.find_file(store, source.place)
        assert known is not None
        count_unchanged(known, summary)
        return
    facts.add_file(store, state, outcome.value.results)
    count_results(outcome.value.results, summary)


def hash_file(source: Source) -> str | None:
    try:
        return None if source.path == STDIN else hash_bytes(load_bytes(source))
    except ReadError:
        return None


def keep_failures(store: Store, state: facts.FileState, failures: list[Failure], summary: Summary) -> None:
    facts.add_file(store, state, failures)
    count_results(failures, summary)


def count_results(results: Iterable[Record | Document | Failure], summary: Summary) -> None:
    for result in results:
        summary.seen += 1
        if isinstance(result, Failure):
            summary.skipped.append(result)
        elif isinstance(result, Document):
            summary.unchanged += 1
        else:
            summary.read += 1
            summary.sentences += len(result.sentences)
            summary.mentions += len(result.mentions)
            summary.links += len(result.links)
            summary.characters += len(result.document.text)
            summary.pipelines[result.pipeline, result.document.lang] += 1


def prune_store(store: Store, paths: Sequence[str]) -> int:
    """Forget files at or below the given paths that are not there any more."""
    gone = [
        place
        for path in paths
        for place in facts.list_places(store, os.path.abspath(path))
        if not os.path.lexists(place)
    ]
    return facts.remove_files(store, gone)


def refresh_graph(store: Store, settings: Settings = DEFAULTS) -> bool:
    """Derive the graph anew where facts or corrections changed. Returns whether they had."""
    from kg.resolve import Correction, resolve_corpus

    def resolve(locals: Iterable[LocalEntity], corrections: Sequence[CorrectionRow]) -> Resolution:
        given = [Correction(row.kind, dict(row.payload), row.id) for row in corrections]
        return resolve_corpus(locals, corrections=given, settings=settings)

    return derive.refresh(store, resolve)


def build(
    paths_or_texts: Iterable[Any] | str | os.PathLike[str], *, options: Options | None = None
) -> networkx.MultiDiGraph:
    """Documents in, graph out, in memory: the front door for notebooks.

    ``paths_or_texts``: files, folders or globs; or texts themselves (a string with blanks in it that names no file).
    Documents that could not be read are listed in ``graph.graph["skipped"]``. Raises UsageError where none could.

    >>> graph = build(["Kari Nordmann leder Fjellbygg i Bodø."])  # doctest: +SKIP
    """
    from kg.graph import read_graph

    options = options or Options(workers=0)
    given = [paths_or_texts] if isinstance(paths_or_texts, (str, os.PathLike)) else list(paths_or_texts)
    texts = [item for item in given if is_text(item)]
    paths = [os.fspath(item) for item in given if not is_text(item)]
    with open_store(":memory:", write=True) as store:
        summary = update_store(store, paths, options)
        if texts:
            add_texts(store, texts, options, summary)
        if not summary.read:
            reasons = "; ".join(f"{f.source}: {f.reason}" for f in summary.skipped[:3])
            raise UsageError(f"none of the documents could be read ({reasons or 'none was named'})")
        graph = read_graph(store)
        graph.graph["skipped"] = [(f.source, f.stage, f.reason) for f in summary.skipped]
        return graph


def is_text(item: object) -> bool:
    if not isinstance(item, str):
        return False
    if len(item) > 4_000 or "\n" in item:
        return True
    return " " in item.strip() and not os.path.exists(item) and Path(item).suffix.lower() not in READERS


def add_texts(store: Store, texts: Sequence[str], options: Options, summary: Summary) -> None:
    process = make_processor(options)
    maker = describe_maker(options)
    for document in read_texts(texts, lang=options.lang):
        state = facts.FileState(document.source, document.source, maker)
        try:
            result: Record | Failure = process(document)
        except KGError as error:
            result = Failure(document.source, "tag", str(error))
        facts.add_file(store, state, [result])
        count_results([result], summary)
    refresh_graph(store)
