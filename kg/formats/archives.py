"""Files of files: ZIP, gzip and web archives (WARC). Nothing is unpacked to disk, and nothing without a limit."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import PurePath
from typing import TYPE_CHECKING

from kg.errors import ReadError
from kg.formats.parts import RAISE, Part, Reading, Unread, clean_name
from kg.text import clean_text

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

SMALL = 1_000_000  # bytes up to which a member may be packed as tightly as it likes
KINDS = (
    ("word/document.xml", "Word", ""),
    ("xl/workbook.xml", "", "is an Excel workbook; save its sheets as .csv"),
    ("ppt/presentation.xml", "", "is a PowerPoint file; save it as .pdf"),
    ("content.xml", "", "is an OpenDocument file; save it as .docx, or a table as .csv"),
    ("META-INF/container.xml", "", "is an e-book; convert it to .html or .txt"),
)
"""The member that tells what a ZIP archive really is."""
ENCRYPTED, UTF8 = 0x1, 0x800  # bits of a member's flags
HIDDEN = ("__MACOSX/", ".DS_Store", "Thumbs.db")


def open_zip(data: bytes) -> ZipFile:
    """Raises ReadError where it is no whole archive."""
    import zipfile

    try:
        return zipfile.ZipFile(BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OverflowError) as error:
        raise ReadError(f"is no whole ZIP archive ({error})") from error


def check_member(info: ZipInfo, reading: Reading) -> None:
    """Look at what a member says of itself, before any of it is unpacked. Raises ReadError."""
    settings = reading.settings
    if info.flag_bits & ENCRYPTED:
        raise ReadError("is encrypted; save a copy without password")
    if info.file_size > settings.max_bytes:
        raise ReadError(f"larger than the limit ({info.file_size:,} of {settings.max_bytes:,} bytes){RAISE}")
    if info.file_size > max(SMALL, settings.max_ratio * info.compress_size):
        raise ReadError(f"unpacks to more than {settings.max_ratio} times its size, as only a trap does")
    if info.file_size > reading.left:
        reading.spend(info.file_size)


def unpack_member(archive: ZipFile, info: ZipInfo, reading: Reading) -> bytes:
    """A member's bytes, no more than it said. Raises ReadError where it is damaged."""
    import zipfile

    try:
        with archive.open(info) as member:
            data = member.read(info.file_size + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError, OSError) as error:
        raise ReadError(f"is damaged ({error})") from error
    reading.spend(len(data))
    return data


def read_zip(data: bytes, name: str, reading: Reading) -> Iterator[Part]:
    """The files in an archive, each read as one of its own; or the document that the archive really is."""
    with open_zip(data) as archive:
        held = {info.filename for info in archive.infolist()}
        for mark, kind, reason in KINDS:
            if mark in held and (mark != "content.xml" or "mimetype" in held):
                if not kind:
                    raise ReadError(reason)
                from kg.formats.office import read_docx

                yield from read_docx(data, name, reading)
                return
        members = [info for info in archive.infolist() if not info.is_dir() and not is_hidden(info.filename)]
        if not members:
            raise ReadError("is an empty ZIP archive")
        for info in members:
            inner = clean_name(info.filename) or "a file without name"
            try:
                check_member(info, reading)
                unpacked = unpack_member(archive, info, reading)
            except ReadError as error:
                yield Unread(f"/{inner}", str(error), error.passing)
                if reading.left < 0:
                    raise
                continue
            yield from reading.nest(unpacked, inner, part=f"/{inner}", reading=reading)


def is_hidden(name: str) -> bool:
    """Whether it is what walking a folder would leave out, or a program's own note."""
    steps = [step for step in name.replace("\\", "/").split("/") if step not in ("", ".", "..")]
    return any(step.startswith(".") for step in steps) or name.startswith(HIDDEN) or name.endswith(HIDDEN)


def read_gzip(data: bytes, name: str, reading: Reading) -> Iterator[Part]:
    """The file that was packed, under its name without ``.gz``; web archives are packed record by record."""
    unpacked = unpack_gzip(data, reading)
    inner = PurePath(name).stem if PurePath(name).suffix.lower() == ".gz" else name
    yield from reading.nest(unpacked, inner, part="", reading=reading)


def unpack_gzip(data: bytes, reading: Reading) -> bytes:
    """All members of a gzip file, one after the other. Raises ReadError past the limits."""
    settings = reading.settings
    most = min(settings.max_bytes, max(SMALL, settings.max_ratio * len(data)), reading.left)
    pieces: list[bytes] = []
    size = 0
    while data:
        stream = zlib.decompressobj(wbits=31)
        try:
            piece = stream.decompress(data, most - size + 1)
        except zlib.error as error:
            if pieces:
                break  # padding after the last member
            raise ReadError(f"is no whole gzip file ({error})") from error
        pieces.append(piece)
        size += len(piece)
        if size > most:
            raise ReadError(f"unpacks to more than the limit ({most:,} bytes)")
        if not stream.eof:
            raise ReadError("is cut short")
        data = stream.unused_data
    reading.spend(size)
    return b"".join(pieces)


def read_warc(data: bytes, name: str, reading: Reading) -> Iterator[Part]:
    """The pages in a web archive (ISO 28500), each named by its address. Needs warcio."""
    from warcio.archiveiterator import ArchiveIterator
    from warcio.exceptions import ArchiveLoadFailed

    number = 0
    try:
        for record in ArchiveIterator(BytesIO(data)):
            if record.rec_type not in ("response", "resource", "conversion"):
                continue
            kind = str((record.http_headers or record.rec_headers).get_header("Content-Type") or "").lower()
            if not any(word in kind for word in ("html", "text/plain", "pdf")):
                continue  # pictures, scripts, styles
            number += 1
            address = clean_text(str(record.rec_headers.get_header("WARC-Target-URI") or number))[:500]
            part = f", {' '.join(address.split())}"
            if record.http_headers and str(record.http_headers.get_statuscode()) not in ("200", "203"):
                continue  # an error page, or a mere pointer
            most = min(reading.settings.max_bytes, reading.left)
            page = record.content_stream().read(most + 1)
            if len(page) > most:
                yield Unread(part, f"larger than the limit ({most:,} bytes){RAISE}")
                continue
            reading.spend(len(page))
            suffix = ".html" if "html" in kind else ".pdf" if "pdf" in kind else ".txt"
            yield from reading.nest(page, f"page{suffix}", part=part, reading=reading)
    except (ArchiveLoadFailed, zlib.error, EOFError, ValueError) as error:
        yield Unread(", the rest" if number else "", f"is no whole web archive ({error})")
        return
    if not number:
        raise ReadError("is a web archive without pages")
