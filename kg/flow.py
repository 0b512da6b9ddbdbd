"""The stages in order. Read ``update_store`` to know the program.

1 find      paths -> files                           read.find_sources
2 compare   files -> those that are new or changed   store.facts
3 read      bytes -> documents                       worker: read
4 tag       documents -> sentences and mentions      worker: tag
5 resolve   mentions -> the document's entities      worker: resolve
6 relate    sentences -> links                       worker: relate
7 keep      records -> facts, one transaction a file store.facts, only here in the driver
8 derive    facts + corrections -> the graph         resolve.resolve_corpus, store.derive
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote_to_bytes

from kg import engine
from kg._version import __version__
from kg.errors import KGError, NotFoundError, ReadError, StoreError, UsageError
from kg.formats import may_hold_tables
from kg.pipelines import describe_pipeline
from kg.read import STDIN, Source, find_sources, hash_bytes, load_bytes, read_texts
from kg.records import Document, Failure, Record
from kg.settings import DEFAULTS, Settings
from kg.store import Store, content, derive, facts, lookup, open_store
from kg.worker import Job, Options, Yield, load_stages, make_worker, process_document, run_stages, split_job

__all__ = [
    "Options",
    "Summary",
    "add_texts",
    "build_store",
    "process_document",
    "refresh_graph",
    "remove_sources",
    "tag_paths",
    "update_store",
]

PATTERNS = Path(__file__).parent / "patterns"
SETTLED = 2.0  # seconds after its last change from which a file's time is trusted; disks count time that coarsely

Progress = Callable[[int, int, int], None]  # files done, files in all, characters tagged


@dataclass(slots=True)
class Summary:
    """What a build did; seen = read + unchanged + skipped. Counts are documents."""

    seen: int = 0
    read: int = 0
    unchanged: int = 0  # their records were in the store already
    skipped: list[Failure] = field(default_factory=list)
    removed: int = 0  # files that were pruned
    sentences: int = 0  # this and the next three: of those read
    mentions: int = 0
    links: int = 0
    characters: int = 0
    seconds: float = 0.0
    pipelines: Counter[tuple[str, str]] = field(default_factory=Counter)  # (pipeline, language) -> documents read
    guesses: Counter[str] = field(default_factory=Counter)  # what had to be guessed -> documents read with it
    totals: dict[str, int] = field(default_factory=dict)  # what the store holds now

    def add(self, results: Iterable[Record | Document | Failure]) -> None:
        for result in results:
            self.seen += 1
            if isinstance(result, Failure):
                self.skipped.append(result)
            elif isinstance(result, Document):
                self.unchanged += 1
                self.guesses.update(result.guesses)
            else:
                self.read += 1
                self.guesses.update(result.document.guesses)
                self.sentences += len(result.sentences)
                self.mentions += len(result.mentions)
                self.links += len(result.links)
                self.characters += len(result.document.text)
                self.pipelines[result.pipeline, result.document.lang] += 1


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
    given = [os.fspath(path) for path in paths]
    if not given:
        raise UsageError("name at least one file or folder to read, for example: kg build data")
    with open_store(os.fspath(store_path), write=True) as store:
        return update_store(store, given, options or Options(), progress=progress)


def update_store(store: Store, paths: Sequence[str], options: Options, *, progress: Progress | None = None) -> Summary:
    """As ``build_store``, into a store that is open for writing."""
    started = time.perf_counter()
    summary = Summary()
    maker = describe_maker(options)
    found = [it for it in find_sources(paths) if not store.owns(it.path if isinstance(it, Source) else it.source)]  # 1
    jobs = compare_sources(store, found, maker, options=options, summary=summary)  # 2
    total = len(found)
    try:
        for outcome in run_jobs(jobs, options):  # 3-6
            keep_outcome(store, outcome, maker, summary)  # 7
            total = max(summary.seen, total + max(0, len(outcome.value.waiting) - 1 if outcome.value else 0))
            if progress:
                progress(summary.seen, total, summary.characters)
        if options.prune:
            summary.removed = facts.remove_files(store, find_gone(store, paths))
    except (KeyboardInterrupt, KGError) as error:
        if not isinstance(error, StoreError):
            refresh_graph(store, options.settings)  # what was kept so far can be asked at once
        raise
    refresh_graph(store, options.settings)  # 8
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
    store: Store, found: Iterable[Source | Failure], maker: str, *, options: Options, summary: Summary
) -> Iterator[Job]:
    """The files that must be read; those that are unchanged, or cannot be read, are counted here."""
    for source in found:
        if isinstance(source, Failure):
            keep_unreadable(store, source, maker, summary)
            continue
        try:
            job = make_job(source, options)
            digest = hash_candidate(store, job, options.settings)
        except (OSError, ReadError):
            yield Job(source)  # the worker says what is wrong with it
            continue
        state = describe_state(job, maker, digest)
        known = facts.find_file(store, state.place)
        if known and is_unchanged(known, state, options):
            if digest:
                facts.touch_file(store, state)
            count_unchanged(known, summary)
            continue
        held = facts.find_held(store, state)
        yield replace(job, held=held)


def make_job(source: Source, options: Options) -> Job:
    reader = describe_columns(options) if may_hold_tables(source.path) else ""
    if source.path == STDIN:
        return Job(source, data=load_bytes(source, settings=options.settings), reader=reader)
    status = Path(source.path).stat()
    return Job(source, status.st_size, status.st_mtime_ns, reader=reader)


def describe_columns(options: Options) -> str:
    return "; ".join(f"{role}={name}" for role, name in asdict(options.columns).items() if name)


def hash_candidate(store: Store, job: Job, settings: Settings) -> str | None:
    """The hash of a file that may hold what another, or itself, held: one of a size seen before, not seen at rest."""
    if job.data is not None:
        return hash_bytes(job.data)
    known = facts.find_file(store, find_place(job.source))
    if known and (known.state.size, known.state.mtime) == (job.size, job.mtime) and was_settled(known):
        return None
    if job.size is None or not facts.has_size(store, job.size):
        return None
    return hash_bytes(load_bytes(job.source, settings=settings))


def was_settled(known: facts.StoredFile) -> bool:
    """Whether the file had been left alone for a while when it was read, so that its time would tell of a change."""
    read = datetime.fromisoformat(known.time).timestamp()
    return known.state.mtime is not None and known.state.mtime / 1e9 + SETTLED < read


def is_unchanged(known: facts.StoredFile, state: facts.FileState, options: Options) -> bool:
    if (known.state.maker, known.state.reader) != (state.maker, state.reader):
        return False
    if any(row.maker not in (None, state.maker) for row in known.rows):
        return False
    if options.retry_skipped and any(row.status == "skipped" for row in known.rows):
        return False
    if state.hash is None:
        return was_settled(known) and (known.state.size, known.state.mtime) == (state.size, state.mtime)
    return known.state.hash == state.hash


def describe_state(job: Job, maker: str, digest: str | None) -> facts.FileState:
    source = job.source
    place = find_place(source)
    if source.path == STDIN and digest:
        place = f"{STDIN} {digest[:16]}"  # what is piped in next shall not take its place
    return facts.FileState(place, content.printable(source.path), maker, digest, job.size, job.mtime, job.reader)


def find_place(source: Source) -> str:
    """The file's name in the store: its absolute path, as a URI where that holds bytes that are no text."""
    place = source.place
    return place if content.printable(place) == place else Path(place).as_uri()


def count_unchanged(known: facts.StoredFile, summary: Summary) -> None:
    for row in known.rows:
        summary.seen += 1
        if row.status == "read":
            summary.unchanged += 1
        else:
            summary.skipped.append(Failure(row.path, row.stage or "read", row.reason or "", row.passing))


def run_jobs(jobs: Iterator[Job], options: Options) -> Iterator[engine.Outcome[Job, Yield]]:
    first = next(jobs, None)
    if first is None:  # nothing has changed: no pipeline is loaded
        return
    rest = (job for some in ([first], jobs) for job in some)
    if options.workers == 0:
        yield from engine.run_inline(make_worker(options), rest, follow=split_job)
        return
    yield from engine.run_workers(
        make_worker,
        rest,
        arguments=(options,),
        workers=count_cores() if options.workers is None else options.workers,
        seconds=options.settings.document_seconds,
        megabytes=options.settings.worker_megabytes,
        follow=split_job,
    )


def count_cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def keep_outcome(store: Store, outcome: engine.Outcome[Job, Yield], maker: str, summary: Summary) -> None:
    """Write what a worker made of a file, or of some of its documents, or why it made nothing."""
    job, made = outcome.item, outcome.value
    if made is None and len(job.documents) > 1:
        return  # each will be tried by itself
    if made is None:
        source = job.documents[0].source if job.documents else job.source.path
        failure = Failure(source, "tag", outcome.reason or "failed", outcome.passing)
        made = Yield(job.hash or hash_file(job), (failure,))
    try:
        keep_results(store, job, made, maker)
    except content.RecordError as error:
        made = replace(made, results=(Failure(job.source.path, "store", str(error)),))
        keep_results(store, job, made, maker)
    summary.add(made.results)


def keep_results(store: Store, job: Job, made: Yield, maker: str) -> None:
    """A file's facts are put in place of its old ones; of one of many documents, they are added as they come."""
    state = describe_state(job, maker, made.hash)
    more = replace(state, hash=None, size=None, mtime=None)
    if job.documents:
        facts.extend_file(store, state if job.last else more, job.first, made.results)
    else:
        facts.add_file(store, more if made.waiting else state, made.results)


def is_whole(outcome: engine.Outcome[Job, Yield]) -> bool:
    """Whether all of a file has come with this outcome."""
    return outcome.item.last and not split_job(outcome)


def keep_unreadable(store: Store, failure: Failure, maker: str, summary: Summary) -> None:
    """A path that is there but cannot be read goes into the ledger; one that is not there leaves the store as it is."""
    source = Source(failure.source)
    if os.path.lexists(failure.source):
        state = facts.FileState(find_place(source), content.printable(source.path), maker)
        facts.add_file(store, state, [failure])
    summary.add([failure])


def hash_file(job: Job) -> str | None:
    try:
        return hash_bytes(load_bytes(job.source) if job.data is None else job.data)
    except ReadError:
        return None


def find_gone(store: Store, paths: Sequence[str]) -> list[str]:
    """Places of files below the given folders, or beside the given files, that are not there any more.

    A folder that is itself missing tells nothing (a disk may be unplugged), so what lay in it is kept.
    """
    known: set[str] = set()
    encoded = facts.list_places(store, "file:")
    for path in paths:
        start = Path(Source(path.split("*")[0]).place)
        if not start.exists() and "*" not in path:
            known.update(place for place in [str(start)] if start.parent.is_dir() and facts.find_file(store, place))
            continue
        folder = start if start.is_dir() else start.parent
        known.update(facts.list_places(store, str(folder)) if folder.is_dir() else ())
        known.update(place for place in encoded if folder.is_dir() and folder in find_path(place).parents)
    return sorted(place for place in known if not os.path.lexists(find_path(place)))


def find_path(place: str) -> Path:
    """The path of a place in the store; see ``find_place``."""
    encoded = place.startswith("file://")
    return Path(os.fsdecode(unquote_to_bytes(place.removeprefix("file://"))) if encoded else place)


def remove_sources(store: Store, names: Iterable[str], *, settings: Settings = DEFAULTS) -> int:
    """Take documents out of the store and off its disk: of files, of all files below folders, or by document id.

    Returns how many files were forgotten. Raises NotFoundError where a name is none of these.
    """
    places: list[str] = []
    for name in names:
        found = facts.list_places(store, find_place(Source(name))) or facts.find_places(store, name)
        if not found:
            raise NotFoundError(f"the store holds no file, folder or document '{name}'; list them with: kg stats")
        places += found
    removed = facts.remove_files(store, places)
    refresh_graph(store, settings)
    return removed


def refresh_graph(store: Store, settings: Settings = DEFAULTS) -> bool:
    """Derive the graph anew where facts or corrections changed. Returns whether they had."""
    return derive.refresh(store, lambda rows: make_resolver(rows, settings))


def make_resolver(rows: Sequence[facts.CorrectionRow], settings: Settings) -> derive.Resolver:
    """Resolution across documents with these corrections in force."""
    from kg.resolve import Correction, CorrectionIndex, block_keys, correct_record, resolve_corpus

    corrections = [Correction(row.kind, row.payload, row.id) for row in rows]
    index = CorrectionIndex(corrections)
    return derive.Resolver(
        lambda locals: resolve_corpus(locals, corrections=corrections, settings=settings),
        lambda local: block_keys(local, index),
        lambda record: correct_record(record, corrections),
        {document for document, _ in index.by_mention},
    )


def tag_paths(paths: Iterable[str | os.PathLike[str]], options: Options) -> Iterator[Record | Failure]:
    """What kg sees in each document, in order, without a store."""
    found = list(find_sources([os.fspath(path) for path in paths]))
    sources = (source for source in found if isinstance(source, Source))
    outcomes = run_jobs((make_job(source, options) for source in sources), options)
    for source in found:
        if isinstance(source, Failure):
            yield source
            continue
        for outcome in outcomes:
            job, made = outcome.item, outcome.value
            if made is not None:
                yield from (result for result in made.results if not isinstance(result, Document))
            elif len(job.documents) <= 1:
                place = job.documents[0].source if job.documents else source.path
                yield Failure(place, "tag", outcome.reason or "failed", outcome.passing)
            if is_whole(outcome):
                break


def add_texts(store: Store, texts: Sequence[str], options: Options, summary: Summary) -> None:
    """As ``update_store``, for texts in memory, in this process; their sources are "text:1" and so on."""
    stages = (options.load or load_stages)(options)
    maker = describe_maker(options)
    for document in read_texts(texts, lang=options.lang):
        result = run_stages(document, stages)
        facts.add_file(store, facts.FileState(document.source, document.source, maker), [result])
        summary.add([result])
    refresh_graph(store, options.settings)
