"""Mail: single messages (.eml, RFC 5322) and mailboxes (.mbox, RFC 4155), with what is attached to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from kg.errors import ReadError
from kg.formats.feeds import parse_stamp
from kg.formats.html import read_page_text
from kg.formats.parts import Part, RawText, Reading, Unread, clean_name, decode, find_date, parse_date
from kg.text import clean_text

if TYPE_CHECKING:
    from email.message import Message

SHOWN = ("From", "To", "Cc")
SEPARATOR = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\r\n\r\n))From [^\r\n]*\d:\d\d[^\r\n]*\r?\n")
"""The line between two messages: it has a time, as no sentence that begins with this word does by chance."""
ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)
ANSWERED = re.compile(
    r"^(?:(?:Den|On|Am|Le|El|Den|På|Kl)\b[^\n]{4,200}(?:skrev|wrote|schrieb|écrit|escribió)\b[^\n]{0,120}:"
    r"|-{2,}\s*(?:Original Message|Opprinnelig melding|Ursprungligt meddelande|Forwarded message|Videresendt melding)"
    r"\b[^\n]*"
    r"|(?:From|Fra): [^\n]+\n(?:Sent|Sendt|Date|Dato): [^\n]+)\s*$",
    re.MULTILINE | re.IGNORECASE,
)
"""The line above an older message that was left below the answer."""
QUOTED = "quoted reply"
UNTOLD = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature", "text/calendar"}
)
MAX_PARTS = 1_000  # MIME parts of one message
MAX_HEADER = 2_000  # characters of one header


def read_eml(data: bytes, name: str, reading: Reading) -> Iterator[Part]:
    """A message, and each of its attachments as a document of its own."""
    yield from read_message(data, name, reading, number=None)


def read_mbox(data: bytes, name: str, reading: Reading) -> Iterator[Part]:
    """The messages of a mailbox, each as ``read_eml`` reads it. Raises ReadError."""
    starts = [found.span() for found in SEPARATOR.finditer(data)]
    if not starts:
        raise ReadError("is no mailbox: no line is a 'From ' with a time")
    ends = [start for start, _ in starts[1:]] + [len(data)]
    for number, ((_, begin), end) in enumerate(zip(starts, ends, strict=True), 1):
        try:
            yield from read_message(ESCAPED.sub(rb"\1", data[begin:end]), name, reading, number=number)
        except (ReadError, RecursionError) as error:
            reason = "is nested too deeply" if isinstance(error, RecursionError) else str(error)
            yield Unread(f", message {number}", reason)


def read_message(data: bytes, name: str, reading: Reading, *, number: int | None) -> Iterator[Part]:
    from email.parser import BytesParser
    from email.policy import compat32

    message = BytesParser(policy=compat32).parsebytes(data)
    headers = {key: read_header(message, key) for key in ("Subject", "Date", "Message-ID", *SHOWN)}
    if not any(headers.values()):
        raise ReadError("is no mail: it has no headers")
    id = headers["Message-ID"].strip("<> ")
    part = f", message {clean_name(id) or number}" if id or number else ""
    bodies, attached = sort_parts(message)
    guesses: list[str] = []
    body = "\n\n".join(read_body(body, guesses) for body in bodies)
    text, places = write_message(headers, body)
    date = parse_stamp(headers["Date"]) or parse_date(headers["Date"])
    date_from = "metadata (Date)" if date else None
    if date is None:
        date, date_from = find_date(name, "")
    subject = headers["Subject"] or None
    yield RawText(
        text, subject, "metadata (Subject)" if subject else None, date, date_from, tuple(guesses), part, places
    )
    for order, attachment in enumerate(attached, 1):
        for found in read_attachment(attachment, reading, part=part, order=order):
            if isinstance(found, RawText) and found.date is None and date is not None:
                found = replace(found, date=date, date_from="mail it came with")
            yield found


def read_header(message: Message, key: str) -> str:
    """A header in plain words, RFC 2047's encoding undone; bytes that are not ASCII are read as a file's are."""
    from email.errors import HeaderParseError
    from email.header import decode_header

    raw = next((str(value) for name, value in message.raw_items() if name.lower() == key.lower()), "")[:MAX_HEADER]
    given = decode_charset(raw.encode("utf-8", "surrogateescape"), "utf-8", [])
    try:
        pieces = decode_header(given)
    except (HeaderParseError, ValueError):
        pieces = [(given, None)]
    words = "".join(
        piece if isinstance(piece, str) else decode_charset(piece, charset or "ascii", []) for piece, charset in pieces
    )
    return " ".join(clean_text(words.encode("utf-8", "replace").decode("utf-8")).split())


def decode_charset(data: bytes, charset: str, guesses: list[str]) -> str:
    """By the encoding that is declared; where that is unknown or wrong, as a file would be."""
    if charset.lower() in ("ascii", "us-ascii", "unknown-8bit", ""):
        charset = "utf-8"
    try:
        return clean_text(data.decode(charset))
    except (LookupError, UnicodeDecodeError, ValueError):
        try:
            text, guessed = decode(data)
        except ReadError:
            return clean_text(data.decode("latin-1"))
        guesses += [guess for guess in guessed if guess not in guesses]
        return text


def sort_parts(message: Message) -> tuple[list[Message], list[Message]]:
    """(bodies, attachments). Of alternatives the plain one. Raises ReadError for too many."""
    bodies: list[Message] = []
    attached: list[Message] = []
    waiting = [message]
    seen = 0
    while waiting:
        part = waiting.pop(0)
        seen += 1
        if seen > MAX_PARTS:
            raise ReadError(f"has more parts than the limit ({MAX_PARTS:,})")
        kind = part.get_content_type()
        payload = part.get_payload()
        if kind == "message/rfc822" or (part.get_filename() and kind != "multipart/alternative"):
            attached.append(part)
        elif isinstance(payload, list):
            inner = [item for item in payload if not isinstance(item, str)]
            if kind == "multipart/alternative":
                plain = [item for item in inner if item.get_content_type() == "text/plain"]
                inner = plain[:1] or inner[-1:]
            waiting = inner + waiting
        elif kind in ("text/plain", "text/html") and part.get_content_disposition() != "attachment":
            bodies.append(part)
        elif part.get_content_disposition() == "attachment" or not kind.startswith(("text/", "multipart/")):
            attached.append(part)
    return bodies, attached


def read_body(part: Message, guesses: list[str]) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    text = decode_charset(data, str(part.get_param("charset") or "utf-8"), guesses)
    if part.get_content_type() == "text/html":
        return read_page_text(text, mark_quotes=True)
    flowed = str(part.get_param("format") or "").lower() == "flowed"
    return re.sub(r"(?<=\S) \n(?=[^\n>])", " ", text) if flowed else text


def write_message(headers: dict[str, str], body: str) -> tuple[str, tuple[tuple[int, str], ...]]:
    """(text, where a quoted reply begins and ends): subject, people, body with the marks of quoting taken off."""
    people = "\n".join(f"{key}: {headers[key]}" for key in SHOWN if headers[key])
    top = "\n\n".join(part for part in (headers["Subject"], people) if part)
    blocks = split_quotes(body)
    text, places, was = top, [], False
    for quoted, block in blocks:
        block = block.strip("\n")
        if not block.strip():
            continue
        text += "\n\n" if text else ""
        if quoted != was:
            places.append((len(text), QUOTED if quoted else ""))
            was = quoted
        text += block
    return clean_text(text), tuple(places)


def split_quotes(body: str) -> list[tuple[bool, str]]:
    """The body in blocks, each quoted or not: by ``>`` before its lines, or by the line that heads an old message."""
    blocks: list[tuple[bool, list[str]]] = []
    old = ANSWERED.search(body)
    marks = old is not None and body[old.end() : old.end() + 10].lstrip().startswith(">")
    below = old.start() if old and not marks else len(body)  # where old text is marked, answers may stand between it
    at = 0
    for line in body.split("\n"):
        marked = re.match(r"(?:>\s?)+", line)
        quoted = bool(marked) or at >= below
        if not blocks or blocks[-1][0] != quoted:
            blocks.append((quoted, []))
        blocks[-1][1].append(line[marked.end() :] if marked else line)
        at += len(line) + 1
    return [(quoted, "\n".join(lines)) for quoted, lines in blocks]


def read_attachment(attachment: Message, reading: Reading, *, part: str, order: int) -> Iterator[Part]:
    """What a file that came with a message holds. Pictures and signatures are left out, as they hold no text."""
    kind = attachment.get_content_type()
    name = clean_name(read_filename(attachment))
    if kind.startswith(("image/", "audio/", "video/")) or kind in UNTOLD:
        return
    part += f", attachment {name or order}"
    if kind == "message/rfc822":
        inner = attachment.get_payload()
        first = inner[0] if isinstance(inner, list) and inner else None
        if first is None or isinstance(first, str):
            yield Unread(part, "is an empty message")
            return
        data, name = first.as_bytes(), "message.eml"
    else:
        payload = attachment.get_payload(decode=True)
        data = payload if isinstance(payload, bytes) else b""
        name = name or {"text/html": "page.html", "text/csv": "table.csv"}.get(kind, "note.txt")
    try:
        reading.spend(len(data))
    except ReadError as error:
        yield Unread(part, str(error))
        return
    yield from reading.nest(data, name, part=part, reading=reading)


def read_filename(attachment: Message) -> str:
    from email.header import decode_header, make_header

    given = attachment.get_filename() or ""
    try:
        return str(make_header(decode_header(given)))
    except (ValueError, LookupError, UnicodeError):
        return given
