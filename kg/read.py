"""Paths -> Documents: walk, sniff, ids, dates, failures."""

from __future__ import annotations

import glob
import hashlib
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kg.errors import ReadError
from kg.formats import READERS, find_title, read_bytes
from kg.records import Document, Failure
from kg.settings import DEFAULTS, Settings
from kg.text import clean_text, detect_language, document_id

STDIN = "-"


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
    suffix = Path(path).suffix.lower()
    if root is not None and suffix not in READERS:
        return Failure(path, "read", f"no reader for {suffix or 'a name without suffix'}; known: {', '.join(READERS)}")
    return Source(path, root)


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


def read_source(source: Source, *, lang: str = "auto", settings: Settings = DEFAULTS) -> list[Document]:
    """The documents in a file. ``lang``: "auto" to detect it. Raises ReadError."""
    return parse_bytes(load_bytes(source, settings=settings), source, lang=lang, settings=settings)


def parse_bytes(data: bytes, source: Source, *, lang: str = "auto", settings: Settings = DEFAULTS) -> list[Document]:
    """As ``read_source``, from bytes that were loaded already."""
    name = "stdin.txt" if source.path == STDIN else source.path
    return [
        Document(document_id(raw.text), source.path, raw.text, raw.title, raw.date, choose_language(raw.text, lang))
        for raw in read_bytes(data, name, settings=settings)
    ]


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
