"""Files that mean harm, each made here: every one is skipped or read within ten seconds and 512 MB, with its reason."""

from __future__ import annotations

import gzip
import re
import struct
import time
import zipfile
import zlib
from collections.abc import Callable

import pytest

from kg.engine import Outcome, run_workers
from kg.errors import ReadError
from kg.read import Source, parse_bytes
from kg.records import Failure
from kg.settings import Settings
from tests.made_files import bind_pages, draw_text, make_zip, pack_docx, wrap_part

SECONDS = 10.0  # of the processor: the machine may have other work
PATIENCE = 60.0  # seconds of the clock, after which a worker is killed
MEGABYTES = 512
LAUGHS = "<!DOCTYPE x [<!ENTITY a0 'ha'>{}]>".format(
    "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10))
)
FETCH = "<!DOCTYPE x [<!ENTITY a9 SYSTEM 'file:///etc/passwd'>]>"


def feed(prologue: str, body: str) -> bytes:
    return f'<?xml version="1.0"?>{prologue}<rss><channel><item><title>{body}</title></item></channel></rss>'.encode()


def lie_about_size(data: bytes, size: int) -> bytes:
    """The ZIP archive with another unpacked size in both of its only member's headers."""
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(mark) + place
        data = data[:at] + struct.pack("<I", size) + data[at + 4 :]
    return data


def overlap(copies: int) -> bytes:
    """Many names for one packed member, as in the bomb of Fifield (2019)."""
    inner = b"Kari er her. " * 300_000
    data = make_zip({"a.txt": inner})
    start = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entry = data[start:end]
    entries = b"".join(entry.replace(b"a.txt", b"%05d" % n) for n in range(copies))
    tail = data[end:]
    tail = tail[:8] + struct.pack("<HHI", copies, copies, len(entries)) + tail[16:]
    return data[:start] + entries + tail


def nest_zip(depth: int) -> bytes:
    data = b"Innerst."
    for n in range(depth):
        data = make_zip({"a.zip" if n else "a.txt": data})
    return data


def encrypt_zip() -> bytes:
    """Not encrypted in truth, but its member says so."""
    data = bytearray(make_zip({"a.txt": b"Hei."}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    return bytes(data)


def nest_mail(depth: int) -> bytes:
    head = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(depth))
    return f"Subject: x\n{head}Content-Type: text/plain\n\nHei.\n".encode()


def forward_mail(depth: int) -> bytes:
    return b"Subject: x\nContent-Type: message/rfc822\n\n" * depth + b"Subject: innerst\n\nHei.\n"


def many_parts(count: int) -> bytes:
    return b'Subject: x\nContent-Type: multipart/mixed; boundary="b"\n\n' + b"--b\n\nHei.\n" * count + b"--b--\n"


def pack_stream(content: bytes) -> bytes:
    return bind_pages([zlib.compress(content, 9)], filter=b"/Filter/FlateDecode")


def loop_pages() -> bytes:
    """A page tree that holds itself."""
    return bind_pages([draw_text(60, 700, "Hei.")]).replace(b"/Kids[4 0 R]", b"/Kids[2 0 R]")


def store_docx(body: str) -> bytes:
    return make_zip({"word/document.xml": wrap_part(body).encode()}, zipfile.ZIP_STORED)


def make_xml_bomb(prologue: str, body: str) -> bytes:
    return make_zip({"word/document.xml": prologue.encode() + wrap_part(f"<w:p><w:t>{body}</w:t></w:p>").encode()[38:]})


BOMBS: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "zip of zeros": ("a.zip", lambda: make_zip({"a.txt": bytes(40_000_000)}), "100 times its size"),
    "zip of a giant": ("a.zip", lambda: make_zip({"a.txt": bytes(60_000_000)}), "larger than the limit"),
    "zip that lies": ("a.zip", lambda: lie_about_size(make_zip({"a.txt": bytes(40_000_000)}), 90), "is damaged"),
    "zip of one member under many names": ("a.zip", lambda: overlap(400), "100 times its size|in all|damaged"),
    "zip in zip": ("a.zip", lambda: nest_zip(20), "more files than the limit"),
    "zip cut short": ("a.zip", lambda: make_zip({"a.txt": b"Hei. " * 99})[:-40], "no whole ZIP archive"),
    "zip encrypted": ("a.zip", encrypt_zip, "encrypted"),
    "zip empty": ("a.zip", lambda: make_zip({}), "empty ZIP"),
    "gzip of zeros": ("a.txt.gz", lambda: gzip.compress(bytes(60_000_000)), "unpacks to more than the limit"),
    "gzip cut short": ("a.txt.gz", lambda: gzip.compress(b"Hei. " * 99)[:-20], "cut short"),
    "docx of zeros": ("a.docx", lambda: make_zip({"word/document.xml": bytes(40_000_000)}), "100 times its size"),
    "docx of laughs": ("a.docx", lambda: make_xml_bomb(LAUGHS, "&a9;"), "XML entities"),
    "docx that fetches": ("a.docx", lambda: make_xml_bomb(FETCH, "&a9;"), "XML entities"),
    "docx nested": ("a.docx", lambda: store_docx("<w:tbl><w:tr><w:tc>" * 100_000), "no whole XML"),
    "docx cut short": ("a.docx", lambda: pack_docx("<w:p>")[:-30], "no whole ZIP"),
    "docx without text": ("a.docx", lambda: b"\xd0\xcf\x11\xe0" + bytes(600), "old Office document"),
    "feed of laughs": ("a.xml", lambda: feed(LAUGHS, "&a9;"), "XML entities"),
    "feed that fetches": ("a.xml", lambda: feed(FETCH, "&a9;"), "XML entities"),
    "feed in UTF-16 of laughs": ("a.xml", lambda: feed(LAUGHS, "&a9;").decode().encode("utf-16"), "XML|no text"),
    "feed nested": ("a.xml", lambda: feed("", "<b>" * 100_000), "no whole XML"),
    "html nested": ("a.html", lambda: b"<html><body>" + b"<div>" * 100_000 + b"Hei.", ""),
    "html of brackets": ("a.html", lambda: b"<html><body>" + b"<" * 1_500_000, ""),
    "html of comments": ("a.html", lambda: b"<html><body>" + b"<!--" * 400_000, ""),
    "html of attributes": ("a.html", lambda: b"<html><body><p " + b"a=b " * 400_000 + b">Hei.</p>", ""),
    "html of open links": ("a.html", lambda: b"<html><body>" + b"<a href=x>" * 20_000 + b"Hei.", ""),
    "html of tables": ("a.html", lambda: b"<html><body>" + b"<table><tr><td>" * 15_000 + b"Hei.", ""),
    "html of many comments": ("a.html", lambda: b"<!---->" * 500 + b"<x", "holds no text"),
    "html large": ("a.html", lambda: b"<html><body>" + b"<p>Kari er her." * 800_000, "longer than the limit"),
    "pdf cut short": ("a.pdf", lambda: bind_pages([draw_text(60, 700, "Hei.")])[:200], "no whole PDF|holds no"),
    "pdf encrypted": (
        "a.pdf",
        lambda: bind_pages(
            [draw_text(60, 700, "Hei.")],
            trailer=b"/Encrypt<</Filter/Standard/V 1/R 2/P -4/O(%s)/U(%s)>>/ID[(a)(a)]" % (b"x" * 32, b"y" * 32),
        ),
        "encrypted",
    ),
    "pdf in a loop": ("a.pdf", loop_pages, "is damaged"),
    "pdf of zeros": ("a.pdf", lambda: pack_stream(bytes(300_000_000)), "holds no text|memory|ended its worker"),
    "pdf of brackets": ("a.pdf", lambda: pack_stream(b"[" * 40_000_000), "holds no text|memory|ended its worker"),
    "pdf of a million words": ("a.pdf", lambda: pack_stream(b"/F 9 Tf BT (Hei) Tj ET " * 400_000), ""),
    "mail nested": ("a.eml", lambda: nest_mail(3_000), "nested too deeply|more parts"),
    "mail in mail": ("a.eml", lambda: forward_mail(300), "more files than the limit|nested too deeply"),
    "mail of many parts": ("a.eml", lambda: many_parts(100_000), "more parts than the limit"),
    "mail of an unknown charset": (
        "a.eml",
        lambda: b"Subject: =?x-none?b?SGVp?=\nContent-Type: text/plain; charset=x-none\n\nHei.\n",
        "",
    ),
    "mail with a long header": ("a.eml", lambda: b"Subject: " + b"=?utf-8?q?a?= " * 300_000 + b"\n\nHei.\n", ""),
    "mailbox of bare lines": ("a.mbox", lambda: b"From a 10:00\n\n" * 20_000, "no mail"),
    "csv of quotes": ("a.csv", lambda: b'id,text\n' + b'1,"\n' * 50_000 + b'"', ""),
    "csv of one field": ("a.csv", lambda: b'id,text\n1,"' + b"a" * 9_000_000, ""),
    "csv of columns": ("a.csv", lambda: b"text" + b",a" * 200_000 + b"\nHei", ""),
    "csv without heading": ("a.csv", lambda: b"1,2\n3,4\n", "cannot tell which column"),
    "json nested": ("a.jsonl", lambda: b'{"text":' + b"[" * 500_000 + b'\n{"text": "Hei"}\n', "nested too deeply"),
    "markdown of brackets": ("a.md", lambda: b"[" * 200_000, ""),
    "markdown of stars": ("a.md", lambda: b"*_`" * 300_000, ""),
    "text of zeros": ("a.txt", lambda: bytes(1_000_000), "zero bytes|no text"),
    "picture named text": ("a.txt", lambda: b"\x89PNG" + bytes(100), "PNG image"),
}  # fmt: skip
"""Name -> (file name, its bytes, what the reason says; "" where it may be read)."""


def make_reader() -> Callable[[str], tuple[float, list[Failure]]]:
    import pypdfium2
    import trafilatura

    assert pypdfium2 and trafilatura  # loaded before the limit of memory is set, as a pipeline is
    parse_bytes(b"<html><body><p>Kari er her.</p></body></html>", Source("warm.html"))
    return read_bomb


def read_bomb(name: str) -> tuple[float, list[Failure]]:
    """(seconds of the processor that reading took, what was not read)."""
    file, make, _ = BOMBS[name]
    data = make()
    started = time.process_time()
    try:
        found = parse_bytes(data, Source(file), settings=Settings(read_seconds=PATIENCE))
    except ReadError as error:
        found = [Failure(file, "read", str(error))]
    return time.process_time() - started, [row for row in found if isinstance(row, Failure)]


Outcomes = dict[str, Outcome[str, tuple[float, list[Failure]]]]


@pytest.fixture(scope="module")
def outcomes() -> Outcomes:
    """Each bomb read in a worker as a build has them, which is killed past the bars."""
    done = run_workers(make_reader, list(BOMBS), workers=2, seconds=PATIENCE, megabytes=MEGABYTES)
    return {outcome.item: outcome for outcome in done}


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_is_skipped_within_the_bars(name: str, outcomes: Outcomes) -> None:
    outcome, wanted = outcomes[name], BOMBS[name][2]
    seconds, failures = outcome.value or (0.0, [])
    reasons = " · ".join([outcome.reason or "", *(row.reason for row in failures)])
    assert seconds < SECONDS
    assert not re.search("took longer than|takes longer|unexpectedly", reasons), reasons
    assert re.search(wanted, reasons), reasons
