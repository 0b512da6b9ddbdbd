"""Each format read whole: text, title, date, part and place, and what is said where something is wrong."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from kg.errors import ReadError
from kg.formats import Columns, list_formats
from kg.read import Source, find_sources, parse_bytes
from kg.records import Document, Failure
from kg.settings import Settings
from tests.conftest import Run
from tests.made_files import (
    MAKERS,
    bind_pages,
    draw_text,
    make_atom,
    make_csv,
    make_docx,
    make_eml,
    make_html,
    make_mbox,
    make_md,
    make_message,
    make_pdf,
    make_rss,
    make_zip,
    pack_docx,
    place_lines,
    print_pages,
)

TEXT = """Nytt verft i Bratvik

Kari Holm leder Fjellbygg, som bygger et nytt verft i Bratvik ved fjorden. «Vi er i gang», sier Holm.

Havfisk AS eier tomten. Styret i Havfisk AS møtes på fredag, og Ola Strand kommer fra Tromsø for å være med på møtet.

Fjellbygg og Havfisk AS har skrevet en avtale om kaien. Den gjelder til 2031, og koster tolv millioner kroner."""


FRONT_MATTER = b"---\ntitle: Om kaien\ndate: 2025-02-03\n---\nKari er her."
DATELINE = "Et notat her\n\nBodø, 3. mars 2025. Kari er her."


def read(data: bytes, name: str, **columns: str) -> list[Document | Failure]:
    return parse_bytes(data, Source(name), columns=Columns(**columns))


def read_one(data: bytes, name: str) -> Document:
    (document,) = read(data, name)
    assert isinstance(document, Document)
    return document


def split_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def list_reasons(found: list[Document | Failure]) -> list[tuple[str, str]]:
    return [(row.source, row.reason) for row in found if isinstance(row, Failure)]


@pytest.mark.parametrize("suffix", MAKERS)
def test_same_text_from_every_format(suffix: str) -> None:
    document = read_one(MAKERS[suffix](TEXT), f"a.{suffix}")
    assert split_lines(document.text) == split_lines(TEXT)
    assert document.title == "Nytt verft i Bratvik"
    assert document.lang == "nb"


@pytest.mark.parametrize("suffix", ["pdf", "docx", "html", "rss", "zip", "mbox", "txt.gz"])
def test_content_before_suffix(suffix: str) -> None:
    name = "a.mbox" if suffix == "mbox" else "a.txt"
    assert split_lines(read_one(MAKERS[suffix](TEXT), name).text) == split_lines(TEXT)


@pytest.mark.parametrize(
    ("name", "data", "wanted"),
    [
        ("a.md", FRONT_MATTER, ("Om kaien", "metadata", "2025-02-03", "metadata")),
        ("2024-05-06 b.md", make_md(TEXT), ("Nytt verft i Bratvik", "heading", "2024-05-06", "file name")),
        ("a.txt", DATELINE.encode(), ("Et notat her", "first line", "2025-03-03", "dateline")),
        ("a.rss", make_rss(TEXT), ("Nytt verft i Bratvik", "metadata", "2025-03-03", "metadata")),
        ("a.atom", make_atom(TEXT), ("Nytt verft i Bratvik", "metadata", "2025-03-03", "metadata")),
        ("a.eml", make_eml(TEXT), ("Nytt verft i Bratvik", "metadata (Subject)", "2025-03-03", "metadata (Date)")),
        ("a.csv", make_csv(TEXT), ("Nytt verft i Bratvik", "column tittel", None, None)),
    ],
)
def test_title_and_date_and_where_they_came_from(
    name: str, data: bytes, wanted: tuple[str | None, str | None, str | None, str | None]
) -> None:
    document = read_one(data, name)
    assert (document.title, document.title_from, document.date, document.date_from) == wanted


def test_page_with_a_published_date() -> None:
    page = make_html(TEXT).replace(b"</head>", b'<meta property="article:published_time" content="2025-04-05"></head>')
    document = read_one(page, "a.html")
    assert (document.date, document.date_from) == ("2025-04-05", "metadata")


def test_long_pdf_has_pages_and_neither_headers_nor_numbers() -> None:
    text = "\n\n".join([TEXT.replace("tolv", f"{n}") for n in range(30)])
    document = read_one(make_pdf(text), "a.pdf")
    assert document.text.split() == text.split()
    assert [name for _, name in document.places] == [f"page {n}" for n in range(1, len(document.places) + 1)]
    assert len(document.places) > 5
    for (start, _), (end, _) in zip(document.places, document.places[1:], strict=False):
        assert document.text[start:end].strip()


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["Kari Holm leder en syke-", "husbygning i Bratvik."], "Kari Holm leder en sykehusbygning i Bratvik."),
        (["Det sier NRK-", "sjefen i dag."], "Det sier NRK-sjefen i dag."),
        (["Hun er gift i Nord-", "Norge."], "Hun er gift i Nord-Norge."),
        (["En Aker-direktør og en Aker-", "direktør til."], "En Aker-direktør og en Aker-direktør til."),
        (["Det er slutt.", "", "Nytt avsnitt her."], "Det er slutt.\n\nNytt avsnitt her."),
        (["Linjen går videre", "her og er lang."], "Linjen går videre her og er lang."),
        (["Den nord- og den sør-", "og vestgående veien."], "Den nord- og den sør- og vestgående veien."),
        (
            [
                "En linje før det hele, lang som de andre er det i dette avsnittet om alt mulig",
                "rart om det syke-",
                "husbygget.",
            ],
            "En linje før det hele, lang som de andre er det i dette avsnittet om alt mulig rart om det sykehusbygget.",
        ),
    ],
)
def test_pdf_lines_are_joined(lines: list[str], text: str) -> None:
    filler = ["", "Under står det en hel del annet om fisk, fjell, bygg, båter, brygger og mennesker i byen.", ""] * 3
    document = read_one(print_pages([place_lines([*lines, *filler])]), "a.pdf")
    assert document.text.startswith(f"{text}\n\nUnder")


def test_headers_of_chapters_end_with_the_number_of_the_page() -> None:
    pages = []
    for n, chapter in enumerate(("Kapittel 1: Kaien", "Kapittel 2: Verftet", "Kapittel 3: Byen", "Register"), 5):
        words = [f"Det står mye om tall på side {n}", "og mer om annet i byen.", f"Kari Holm har {n}"]
        pages.append([(f"{chapter} {n}", 815.0), *place_lines(words)])
    text = read_one(print_pages(pages), "a.pdf").text
    assert "Kapittel" not in text
    assert text.count("på side") == 4


def test_form_of_the_same_lines_on_every_page_is_kept() -> None:
    pages = [place_lines(["Kvittering fra Fjellbygg", f"Beløp: {n} kr", "Takk for handelen"]) for n in range(400, 410)]
    text = read_one(print_pages(pages), "a.pdf").text
    assert text.count("Fjellbygg") == 10
    assert "Side" not in text


def test_word_cut_by_the_end_of_a_page() -> None:
    lines = [f"Dette er linje nummer {n} om alt det som skjer i byen og i fjellene" for n in range(48)]
    pages = [place_lines([*lines[:47], "og så videre om det nye store sjø-"]), place_lines(["verftet i Bratvik."])]
    document = read_one(print_pages(pages), "a.pdf")
    assert document.text.endswith("om det nye store sjøverftet i Bratvik.")
    assert document.text[document.places[1][0] :] == "verftet i Bratvik."


def test_columns_printed_row_by_row_are_read_one_after_the_other() -> None:
    left = [f"Kari Holm leder Fjellbygg, linje {n} til venstre" for n in range(10)]
    right = [f"Ola Strand eier Kystkraft, linje {n} til høyre" for n in range(10)]
    drawn = [draw_text(60, 780, "En overskrift som går over begge de to spaltene på denne siden av avisen i dag", 13)]
    for n in range(10):
        drawn += [draw_text(60, 740 - 14 * n, left[n]), draw_text(320, 740 - 14 * n, right[n])]
    text = read_one(bind_pages([b"".join(drawn)]), "a.pdf").text
    heading, body = text.split("\n\n", 1)
    assert heading.startswith("En overskrift")
    assert body.split() == " ".join(left + right).split()


def test_table_is_read_row_by_row() -> None:
    drawn = b""
    for n in range(10):
        for x, cell in ((60, f"Navn {n}"), (220, "Bratvik" if n else "Sted der det ligger"), (400, f"{n} kr")):
            drawn += draw_text(x, 740 - 14 * n, cell)
    text = read_one(bind_pages([drawn]), "a.pdf").text
    assert "Navn 3 Bratvik 3 kr" in text


def test_damaged_page_costs_no_other() -> None:
    data = bind_pages([draw_text(60, 700, f"Side om Kari nummer {word}.") for word in ("en", "to", "tre")])
    found = read(data.replace(b"/Type/Page/Parent 2 0 R/MediaBox", b"/Type/Xxxx/Parent 2 0 R/MediaBox", 1), "a.pdf")
    assert [row.text for row in found if isinstance(row, Document)] != []
    whole = " ".join(row.text for row in found if isinstance(row, Document))
    assert "nummer to" in whole
    assert "nummer tre" in whole


def test_word_tables_headers_and_notes() -> None:
    def p(words: str) -> str:
        return f"<w:p><w:r><w:t>{words}</w:t></w:r></w:p>"

    table = f"<w:tbl><w:tr><w:tc>{p('Kari Holm')}</w:tc><w:tc>{p('leder')}{p('styret')}</w:tc></w:tr></w:tbl>"
    deleted = "<w:p><w:del><w:r><w:delText>Borte</w:delText></w:r></w:del>"
    deleted += "<w:r><w:t>Fast</w:t><w:tab/><w:t>ord</w:t></w:r></w:p>"
    parts = {
        "header1": p("Fjellbygg AS"),
        "header2": p("Fjellbygg AS"),
        "footnotes": p("Se Havfisk."),
        "styles": p("Nei"),
    }
    document = read_one(pack_docx(p("Notat om saken") + table + deleted, parts), "a.docx")
    assert document.text == "Notat om saken\n\nKari Holm | leder styret\n\nFast ord\n\nFjellbygg AS\n\nSe Havfisk."


def test_mail_with_headers_quotes_and_attachments() -> None:
    body = "Svar om kaien\n\nHei.\n\nDen 2. mars skrev Ola:\n> Hvem leder\n> Fjellbygg?\n\nKari Holm gjør det."
    message = make_message(body, {"vedlegg.docx": make_docx(TEXT), "../../bilde.bin": b"\x89PNG" + bytes(9)})
    message["From"] = "Kari Holm <kari@test.example>"
    mail, attached, picture = read(message.as_bytes(), "a.eml")
    assert isinstance(mail, Document)
    assert isinstance(attached, Document)
    assert mail.source == "a.eml, message 1@test.example"
    assert mail.text.split("\n\n") == [
        "Svar om kaien", "From: Kari Holm <kari@test.example>", "Hei.", "Den 2. mars skrev Ola:",
        "Hvem leder\nFjellbygg?", "Kari Holm gjør det.",
    ]  # fmt: skip
    quoted, after = mail.places
    assert (mail.text[quoted[0] :].split("\n")[0], quoted[1]) == ("Hvem leder", "quoted reply")
    assert (mail.text[after[0] :], after[1]) == ("Kari Holm gjør det.", "")
    assert (attached.source, attached.date) == ("a.eml, message 1@test.example, attachment vedlegg.docx", "2025-03-03")
    assert list_reasons([picture])[0][0] == "a.eml, message 1@test.example, attachment bilde.bin"


@pytest.mark.parametrize(
    "head",
    ["-----Opprinnelig melding-----", "Fra: Ola Strand\nSendt: 2. mars 2025 10:00", "On Monday Ola Strand wrote:"],
)
def test_old_message_below_an_answer_is_quoted(head: str) -> None:
    mail = read_one(
        make_message(f"Om kaien\n\nJa, det går fint.\n\n{head}\n\nHvem leder Fjellbygg?").as_bytes(), "a.eml"
    )
    ((start, name),) = mail.places
    assert mail.text[start:].startswith(head.split("\n")[0])
    assert name == "quoted reply"


def test_mail_of_html_alone_with_a_quotation() -> None:
    page = "<html><body><p>Ja.</p><blockquote><p>Hvem leder Fjellbygg?</p></blockquote><p>Hilsen Kari</p></body></html>"
    mail = read_one(f"Subject: Om kaien\nContent-Type: text/html; charset=utf-8\n\n{page}".encode(), "a.eml")
    assert mail.text == "Om kaien\n\nJa.\n\nHvem leder Fjellbygg?\n\nHilsen Kari"
    assert [(mail.text[start:].split("\n")[0], name) for start, name in mail.places] == [
        ("Hvem leder Fjellbygg?", "quoted reply"),
        ("Hilsen Kari", ""),
    ]


def test_mailbox_of_many_one_of_them_bad() -> None:
    bad = b"From x Mon Mar  3 10:00:00 2025\nbare tekst\n\n"
    data = make_mbox(TEXT) + bad + make_mbox(f"{TEXT}\n\nFrom Bratvik til fjorden.")
    first, bad, last = read(data, "a.mbox")
    assert isinstance(last, Document)
    assert last.text.endswith("\n\nFrom Bratvik til fjorden.")
    assert list_reasons([first, bad, last]) == [("a.mbox, message 2", "is no mail: it has no headers")]


def test_rows_of_a_table() -> None:
    data = 'nr;dato;tekst\n7;03.02.2025;"Kari Holm; leder\nher."\n8;;\n9;;"aldri lukket\n10;2025-01-02;Ola er i Bodø\n'
    found = read(data.encode("cp1252"), "a.csv", id="nr")
    assert [(row.source, row.text, row.date) for row in found if isinstance(row, Document)] == [
        ("a.csv, row 2 (7)", "Kari Holm; leder\nher.", "2025-02-03"),
        ("a.csv, row 5 (10)", "Ola er i Bodø", "2025-01-02"),
    ]
    assert list_reasons(found) == [
        ("a.csv, row 3 (8)", "holds nothing in the column 'tekst'"),
        ("a.csv, row 4", "has a quote that is never closed"),
    ]
    first = found[0]
    assert isinstance(first, Document)
    assert first.guesses == ("encoding cp1252", "text column 'tekst'", "date column 'dato'")
    assert first.date_from == "column dato"


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({}, "cannot tell which column holds the text; name it with --text-column: 'navn', 'by'"),
        ({"text": "tekst"}, "has no column 'tekst'; it has 'navn', 'by'"),
    ],
)
def test_table_of_unclear_columns(columns: dict[str, str], reason: str) -> None:
    with pytest.raises(ReadError) as error:
        read(b"navn,by\nKari,Bratvik\nOla,Bod\xc3\xb8\n", "a.csv", **columns)
    assert str(error.value) == reason
    assert [row.source for row in read(b"navn,by\nKari,Bratvik\n", "a.csv", text="by")] == ["a.csv, row 2"]


def test_long_column_is_told_by_its_texts() -> None:
    rows = [{"a": "kort", "b": TEXT}, {"a": "kort", "b": TEXT}]
    first, second = read("\n".join(map(json.dumps, rows)).encode(), "a.jsonl")
    assert isinstance(first, Document)
    assert (first.text, first.source, second.source) == (TEXT, "a.jsonl, line 1", "a.jsonl, line 2")
    assert first.guesses == ("text column 'b'",)


def test_archive_of_files_that_climb_and_fail() -> None:
    members = {"../../etc/a.txt": b"Kari er her.", "b/c.csv": make_csv(TEXT), ".skjult": b"x", "d.exe": b"MZ\x90"}
    found = read(make_zip(members), "a.zip")
    assert [row.source for row in found] == ["a.zip/etc/a.txt", "a.zip/b/c.csv, row 2 (1)", "a.zip/d.exe"]
    assert list_reasons(found) == [("a.zip/d.exe", "not text (looks like a program); leave it out")]


@pytest.mark.parametrize(
    ("member", "advice"), [("xl/workbook.xml", "save its sheets as .csv"), ("ppt/presentation.xml", "save it as .pdf")]
)
def test_other_office_files_say_what_to_do(member: str, advice: str) -> None:
    with pytest.raises(ReadError, match=advice):
        read(make_zip({member: b"<x/>"}), "a.xlsx")


def test_limits_over_all_parts() -> None:
    settings = Settings(max_unpacked=3_000, max_parts=2)
    rows = parse_bytes(b"text\n" + b"Hei.\n" * 9, Source("a.csv"), settings=settings)
    assert [row.source for row in rows] == ["a.csv, row 2", "a.csv, row 3", "a.csv, the rest"]
    data = make_zip({f"{n}.txt": bytes(str(n), "ascii") * 1_000 for n in range(9)})
    *read_ones, last, rest = parse_bytes(data, Source("a.zip"), settings=Settings(max_unpacked=3_000))
    assert [row.source for row in read_ones] == ["a.zip/0.txt", "a.zip/1.txt", "a.zip/2.txt"]
    assert [row.source for row in (last, rest)] == ["a.zip/3.txt", "a.zip, the rest"]


def test_web_archive() -> None:
    pytest.importorskip("warcio", reason="the extra warc is not installed")
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    file = io.BytesIO()
    writer = WARCWriter(file, gzip=True)
    for address, status, kind in (
        ("1", "200 OK", "text/html"),
        ("2", "404 No", "text/html"),
        ("3", "200 OK", "image/png"),
    ):
        headers = StatusAndHeaders(status, [("Content-Type", kind)], protocol="HTTP/1.0")
        payload = io.BytesIO(make_html(TEXT))
        writer.write_record(
            writer.create_warc_record(
                f"https://test.example/{address}", "response", payload=payload, http_headers=headers
            )
        )
    document = read_one(file.getvalue(), "a.warc.gz")
    assert document.source == "a.warc.gz, https://test.example/1"
    assert split_lines(document.text) == split_lines(TEXT)


def test_missing_reader_says_what_to_install(monkeypatch: pytest.MonkeyPatch, run_kg: Run, tmp_path: Path) -> None:
    monkeypatch.setattr("kg.formats.find_spec", lambda name: None)
    with pytest.raises(ReadError, match=r"pip install 'kg\[warc\]'") as error:
        read(b"WARC/1.0\r\n", "a.warc")
    assert error.value.passing
    assert [row["name"] for row in list_formats() if not row["works"]] == ["web archive"]
    assert "not here: web archive (.warc); install it with: pip install 'kg[warc]'" in run_kg("doctor").out


def test_unknown_suffix_is_told_by_its_content(tmp_path: Path) -> None:
    for name, data in {"a.dat": make_pdf(TEXT), "b": make_html(TEXT), "c.xyz": b"Hei", "d.png": b"\x89PNG"}.items():
        (tmp_path / name).write_bytes(data)
    found = list(find_sources([str(tmp_path)]))
    assert [Path(row.path).name for row in found if isinstance(row, Source)] == ["a.dat", "b"]
    assert [Path(row.source).name for row in found if isinstance(row, Failure)] == ["c.xyz", "d.png"]


def test_slow_part_is_left_out_and_the_rest_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    from kg.formats import plain

    monkeypatch.setattr(plain, "strip_markdown", lambda text: time.sleep(5))
    data = make_zip({"a.txt": b"Kari er her.", "b.md": b"Ola er her.", "c.txt": b"Per er her."})
    found = parse_bytes(data, Source("a.zip"), settings=Settings(read_seconds=0.2))
    assert [row.source for row in found] == ["a.zip/a.txt", "a.zip/b.md", "a.zip/c.txt"]
    assert list_reasons(found) == [
        ("a.zip/b.md", "takes longer to read than 0.2 s; raise the limit with --max-seconds")
    ]
