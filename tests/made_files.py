"""Files in every format that kg reads, made of the same texts by code of their own: nothing here imports kg.

A text is paragraphs with a blank line between them, the first being its title.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from textwrap import wrap
from xml.sax.saxutils import escape

WIDTH = 85  # characters of a printed line
LINES = 48  # of a page
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
EPOCH = (2026, 1, 1, 0, 0, 0)  # of a file in an archive: the same bytes on any day


def paragraphs(text: str) -> list[str]:
    return [part for part in text.split("\n\n") if part.strip()]


def make_txt(text: str) -> bytes:
    return text.encode()


def make_utf16(text: str) -> bytes:
    return text.encode("utf-16")


def make_cp1252(text: str) -> bytes:
    return text.encode("cp1252")


def make_md(text: str) -> bytes:
    title, *rest = paragraphs(text)
    return "\n\n".join([f"# {title}", *rest]).encode()


def make_html(text: str) -> bytes:
    title, *rest = map(escape, paragraphs(text))
    body = "".join(f"<p>{part}</p>\n" for part in rest)
    return (
        f'<!DOCTYPE html><html lang="nb"><head><meta charset="utf-8"><title>{title}</title></head><body>'
        f"<nav><a href='/'>Forsiden</a></nav><main><article><h1>{title}</h1>\n{body}</article></main></body></html>"
    ).encode()


def make_pdf(text: str) -> bytes:
    """Set in Helvetica, broken into lines, with a page number and, on several pages, a header on every page."""
    lines = [line for part in paragraphs(text) for line in [*wrap(part, WIDTH), ""]]
    pages = [lines[at : at + LINES] for at in range(0, len(lines), LINES)]
    header = [("Avisa Test", 815.0)] if len(pages) > 2 else []  # on fewer pages nothing tells it from the text
    return print_pages([[*header, *place_lines(page)] for page in pages])


def place_lines(lines: Sequence[str]) -> list[tuple[str, float]]:
    return [(line, 780.0 - 15 * number) for number, line in enumerate(lines) if line]


def print_pages(pages: Sequence[Sequence[tuple[str, float]]]) -> bytes:
    """A PDF of pages of (line, height), each with its number at the foot."""
    contents = []
    for number, lines in enumerate(pages, 1):
        placed = [(60.0, height, line) for line, height in lines] + [(290.0, 40.0, f"Side {number} av {len(pages)}")]
        contents.append(b"".join(draw_text(x, y, line) for x, y, line in placed))
    return bind_pages(contents)


def draw_text(x: float, y: float, line: str, size: int = 11) -> bytes:
    shown = line.encode("cp1252", "replace").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    return b"BT /F %d Tf %.1f %.1f Td (%s) Tj ET\n" % (size, x, y, shown)


def bind_pages(contents: Sequence[bytes], trailer: bytes = b"", filter: bytes = b"") -> bytes:
    """A PDF of these content streams. ``trailer``, ``filter``: more entries of its dictionaries."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>"
        % (len(contents), b" ".join(b"%d 0 R" % (4 + 2 * n) for n in range(len(contents)))),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    for number, content in enumerate(contents):
        objects += [
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 3 0 R>>>>/Contents %d 0 R>>"
            % (5 + 2 * number),
            b"<</Length %d%s>>stream\n%s\nendstream" % (len(content), filter, content),
        ]
    file = io.BytesIO()
    file.write(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(file.tell())
        file.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = file.tell()
    file.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    file.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    file.write(b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, trailer, start))
    return file.getvalue()


def make_docx(text: str) -> bytes:
    return pack_docx("".join(f"<w:p><w:r><w:t>{escape(part)}</w:t></w:r></w:p>" for part in paragraphs(text)))


def pack_docx(body: str, parts: dict[str, str] | None = None) -> bytes:
    """A Word document of this body, in WordprocessingML, and other parts by name."""
    held = {"[Content_Types].xml": "<Types/>", "word/document.xml": f"<w:body>{body}</w:body>"}
    held |= {f"word/{name}.xml": inner for name, inner in (parts or {}).items()}
    return make_zip({name: wrap_part(inner).encode() for name, inner in held.items()})


def wrap_part(inner: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><w:part xmlns:w="{WORD}">{inner}</w:part>'


def make_zip(members: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), data, packing)
    return file.getvalue()


def make_message(text: str, attached: dict[str, bytes] | None = None, id: str = "1@test.example") -> EmailMessage:
    title, *rest = paragraphs(text)
    message = EmailMessage(policy=SMTP.clone(max_line_length=200))
    message["Subject"] = title
    message["Date"] = "Mon, 03 Mar 2025 10:00:00 +0100"
    message["Message-ID"] = f"<{id}>"
    message.set_content("\n\n".join(rest), cte="quoted-printable")
    for name, data in (attached or {}).items():
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message


def make_eml(text: str) -> bytes:
    return make_message(text).as_bytes()


def make_mbox(text: str) -> bytes:
    lines = make_eml(text).replace(b"\r\n", b"\n")
    escaped = re.sub(rb"^(>*From )", rb">\1", lines, flags=re.MULTILINE)
    return b"From test@test.example Mon Mar  3 10:00:00 2025\n" + escaped + b"\n"


def make_csv(text: str) -> bytes:
    title, *rest = paragraphs(text)
    return write_table([["id", "tittel", "tekst"], ["1", title, "\n\n".join(rest)]], ";").encode()


def make_tsv(text: str) -> bytes:
    return write_table([["id", "text"], ["1", text]], "\t").encode()


def write_table(rows: Sequence[Sequence[str]], delimiter: str) -> str:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows(rows)
    return file.getvalue()


def make_jsonl(text: str) -> bytes:
    return (json.dumps({"id": 1, "text": text}, ensure_ascii=False) + "\n").encode()


def make_rss(text: str) -> bytes:
    title, *rest = paragraphs(text)
    body = "".join(f"<p>{escape(part)}</p>" for part in rest)
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Avisa</title><item>'
        f"<title>{escape(title)}</title><link>https://test.example/1</link>"
        f"<pubDate>Mon, 03 Mar 2025 10:00:00 +0100</pubDate><description>{escape(body)}</description>"
        "</item></channel></rss>"
    ).encode()


def make_atom(text: str) -> bytes:
    title, *rest = paragraphs(text)
    body = "".join(f"<p>{escape(part)}</p>" for part in rest)
    return (
        f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Avisa</title><entry>'
        f"<title>{escape(title)}</title><id>urn:test:1</id><updated>2025-03-03T10:00:00Z</updated>"
        f'<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">{body}</div></content></entry></feed>'
    ).encode()


def make_zipped(text: str) -> bytes:
    return make_zip({"mappe/tekst.txt": text.encode()})


def make_gz(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)


MAKERS: dict[str, Callable[[str], bytes]] = {
    "txt": make_txt, "utf16.txt": make_utf16, "cp1252.txt": make_cp1252, "md": make_md, "html": make_html,
    "pdf": make_pdf, "docx": make_docx, "eml": make_eml, "mbox": make_mbox, "csv": make_csv, "tsv": make_tsv,
    "jsonl": make_jsonl, "rss": make_rss, "atom": make_atom, "zip": make_zipped, "txt.gz": make_gz,
}  # fmt: skip
"""By suffix."""
