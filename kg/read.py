"""Paths -> Documents: walk, sniff, ids, dates, failures."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kg.errors import ReadError
from kg.formats import READERS, Columns, Part, RawText, Unread, find_title, is_known, read_bytes
from kg.records import Document, Failure
from kg.settings import DEFAULTS, Settings
from kg.text import clean_text, detect_language, document_id

STDIN = "-"
AGAIN = 0.5  # seconds after which a library that swallowed the first call to stop gets another
HEAD = 4_000  # bytes that tell a format


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read. ``path``: as given; ``root``: the folder that a symlink may not lead out of."""

    path: str
    root: str | None = None

    @property
    def place(self) -> str:
        """Absolute path, which names the file in a store."""
        return self.path if self.path == STDIN else os.path.abspath(self.path)


def find_sources(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Source | Failure]:
    """Files behind ``paths``: files, folders (all below, in order of name), globs, ``-`` for standard input.

    Hidden files and folders below a given folder are left out. What is named but missing, is no regular file, leads
    out of its folder, or has no reader comes back as a Failure, so that it is counted. Each file comes once.
    """
    seen: set[str] = set()
    for given in paths:
        for found in expand_path(os.fspath(given)):
            key = found.place if isinstance(found, Source) else found.source
            if key not in seen:
                seen.add(key)
                yield found


def expand_path(path: str) -> Iterator[Source | Failure]:
    if path == STDIN:
        yield Source(STDIN)
    elif os.path.isdir(path):
        yield from walk_folder(path)
    elif os.path.lexists(path):
        yield check_file(path, None)
    elif matches := sorted(glob.glob(path, recursive=True)):
        for match in matches:
            yield from walk_folder(match) if os.path.isdir(match) else (check_file(match, None),)
    else:
        yield Failure(path, "read", "there is no such file or folder")


def walk_folder(folder: str) -> Iterator[Source | Failure]:
    root = os.path.realpath(folder)
    for here, folders, files in os.walk(folder, onerror=None, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files + [n for n in folders if os.path.islink(os.path.join(here, n))]):
            if not name.startswith("."):
                yield check_file(os.path.join(here, name), root)


def check_file(path: str, root: str | None) -> Source | Failure:
    """The file as a Source where it is regular, inside its root and has a suffix that a reader knows."""
    try:
        real = os.path.realpath(path, strict=True)
        mode = os.stat(real).st_mode
    except OSError as error:
        return Failure(path, "read", f"cannot be opened ({error.strerror})")
    if root is not None and os.path.commonpath([root, real]) != root:
        return Failure(path, "read", "a link that leads out of the folder; name its target if you want it")
    if stat.S_ISDIR(mode):
        return Failure(path, "read", "a link to a folder, which is not followed; name its target if you want it")
    if not stat.S_ISREG(mode):
        return Failure(path, "read", "not a regular file")
    if root is not None and not is_known(read_head(path), path):
        suffix = Path(path).suffix.lower()
        return Failure(path, "read", f"no reader for {suffix or 'a name without suffix'}; known: {', '.join(READERS)}")
    return Source(path, root)


def read_head(path: str) -> bytes:
    """The first bytes of a file whose suffix no reader knows: its content may tell; of others nothing is read."""
    if Path(path).suffix.lower() in READERS:
        return b""
    try:
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            return file.read(HEAD)
    except OSError:
        return b""


def load_bytes(source: Source, *, settings: Settings = DEFAULTS) -> bytes:
    """The file's bytes, of at most ``settings.max_bytes`` + 1. Raises ReadError."""
    try:
        if source.path == STDIN:
            return sys.stdin.buffer.read(settings.max_bytes + 1)
        with open(os.open(source.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ReadError("not a regular file")
            return file.read(settings.max_bytes + 1)
    except OSError as error:
        raise ReadError(f"cannot be read ({error.strerror})") from error


def read_source(
    source: Source, *, lang: str = "auto", settings: Settings = DEFAULTS, columns: Columns | None = None
) -> list[Document | Failure]:
    """The documents in a file, and what of it could not be read. ``lang``: "auto" to detect it.

    ``columns``: which columns of a table hold what. Raises ReadError where nothing of the file can be read.
    """
    data = load_bytes(source, settings=settings)
    return parse_bytes(data, source, lang=lang, settings=settings, columns=columns)


def parse_bytes(
    data: bytes,
    source: Source,
    *,
    lang: str = "auto",
    settings: Settings = DEFAULTS,
    columns: Columns | None = None,
    progress: Callable[[], None] | None = None,
) -> list[Document | Failure]:
    """As ``read_source``, from bytes that were loaded already; ``progress`` is called after each document.

    ``lang`` may be "" to leave the language to be found later.
    """
    name = "stdin.txt" if source.path == STDIN else source.path
    found: list[Document | Failure] = []
    parts = read_bytes(data, name, settings=settings, columns=columns)
    started = time.monotonic()
    try:
        while (part := read_next(parts, settings)) is not None:
            if isinstance(part, Unread):
                found.append(Failure(source.path + part.part, "read", part.reason, part.passing))
            else:
                found.append(make_document(part, source.path + part.part, lang))
            if progress:
                progress()
            if time.monotonic() - started > settings.file_seconds:
                raise ReadError(f"takes longer to read than {settings.file_seconds:g} s; split it", True)
    except ReadError as error:
        if not found:
            raise
        found.append(Failure(f"{source.path}, the rest", "read", str(error), error.passing))
    if not found:
        raise ReadError("holds no documents")
    if len(found) == 1 and isinstance(found[0], Failure) and found[0].source == source.path:
        raise ReadError(found[0].reason, found[0].passing)
    return found


def read_next(parts: Iterator[Part], settings: Settings) -> Part | None:
    with limit_time(settings.read_seconds):
        return next(parts, None)


def make_document(raw: RawText, source: str, lang: str) -> Document:
    return Document(
        document_id(raw.text),
        source,
        raw.text,
        raw.title,
        raw.date,
        choose_language(raw.text, lang),
        raw.places,
        raw.title_from,
        raw.date_from,
        "asked" if lang not in ("auto", "") else "text",
        raw.guesses,
    )


@contextlib.contextmanager
def limit_time(seconds: float) -> Iterator[None]:
    """Raise ReadError in the block once it has taken ``seconds``, where the system can (POSIX, main thread).

    Elsewhere, and inside a library's compiled code, the worker's own limit is what ends it.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: object) -> None:
        raise ReadError(f"takes longer to read than {seconds:g} s; raise the limit with --max-seconds", True)

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def read_texts(texts: Iterable[str], *, lang: str = "auto") -> list[Document]:
    """Documents of texts in memory; the source is ``text:`` and a number."""
    documents = []
    for number, raw in enumerate(texts, 1):
        text = clean_text(raw)
        documents.append(
            Document(document_id(text), f"text:{number}", text, find_title(text), None, choose_language(text, lang))
        )
    return documents


def choose_language(text: str, lang: str) -> str:
    return detect_language(text) if lang == "auto" else lang


def hash_bytes(data: bytes) -> str:
    """SHA-256 of a file's bytes, hex."""
    return hashlib.sha256(data).hexdigest()
