"""Files of many documents in a build: each with its place, counted, kept and asked for by itself."""

from __future__ import annotations

import itertools
import json
import sqlite3
from pathlib import Path

import pytest

from kg.cli.build import describe_summary
from kg.flow import Options, Summary, build_store, tag_paths
from kg.formats import Columns
from kg.query import open_store
from kg.records import Failure, Record
from kg.settings import Settings
from kg.worker import CAPPED
from tests import stubs
from tests.conftest import Run
from tests.made_files import make_docx, make_message, make_zip, place_lines, print_pages, write_table

ROWS = [
    ["id", "tekst"], ["1", "Kari Holm leder Fjellbygg."], ["2", "HENGER her."], ["3", "FEILER her."],
    ["4", "Fjellbygg eier Kystkraft."], ["5", "KRASJER her."], ["6", "Ola Strand leder Kystkraft."],
]  # fmt: skip


def build(folder: Path, *, workers: int = 0, **options: object) -> Summary:
    settings = Settings(document_seconds=2.0)
    asked = Options(lang="nb", workers=workers, load=stubs.load_stubs, settings=settings, **options)  # type: ignore[arg-type]
    return build_store([folder / "in"], folder / "kg.db", options=asked)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path


def test_one_that_hangs_or_crashes_costs_no_other(folder: Path) -> None:
    (folder / "in" / "a.csv").write_text(write_table(ROWS, ","), encoding="utf-8")
    (folder / "in" / "b.txt").write_text("Per Lie leder Nordmat.", encoding="utf-8")
    summary = build(folder, workers=2)
    assert (summary.seen, summary.read, len(summary.skipped)) == (7, 4, 3)
    skipped = {Path(row.source).name: (row.stage, row.passing) for row in summary.skipped}
    assert skipped == {
        "a.csv, row 3 (2)": ("tag", True), "a.csv, row 4 (3)": ("tag", False), "a.csv, row 6 (5)": ("tag", True),
    }  # fmt: skip
    again = build(folder, workers=2)
    assert (again.seen, again.read, again.unchanged, len(again.skipped)) == (7, 0, 4, 3)


def test_changed_row_alone_is_tagged_again(folder: Path) -> None:
    rows = [row for row in ROWS if row[0] in "id146"]
    (folder / "in" / "a.csv").write_text(write_table(rows, ","), encoding="utf-8")
    assert build(folder).read == 3
    rows[2][1] = "Fjellbygg eier Havfisk."
    (folder / "in" / "a.csv").write_text(write_table(rows, ","), encoding="utf-8")
    summary = build(folder)
    assert (summary.seen, summary.read, summary.unchanged) == (3, 1, 2)
    with open_store(folder / "kg.db") as store:
        assert [row.name for row in store.neighbours("Fjellbygg", relation="owns")] == ["Havfisk"]


def test_build_cut_short_in_a_file_goes_on_where_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kg import worker
    from kg.store import facts

    rows = [["id", "tekst"]] + [[str(n), f"Kari Holm leder Fjellbygg nummer {n}."] for n in range(20)]
    (folder / "in" / "a.csv").write_text(write_table(rows, ","), encoding="utf-8")
    monkeypatch.setattr(worker, "GROUP_DOCUMENTS", 5)
    keep, calls = facts.extend_file, iter(range(99))

    def stop(*args: object, **kwargs: object) -> None:
        if next(calls) == 2:
            raise KeyboardInterrupt
        keep(*args, **kwargs)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(facts, "extend_file", stop)
        with pytest.raises(KeyboardInterrupt):
            build(folder)
    summary = build(folder)
    assert (summary.read, summary.unchanged) == (10, 10)
    assert build(folder).unchanged == 20


def test_sentence_of_very_many_names_is_capped_and_says_so(folder: Path) -> None:
    names = ["".join(pair) for pair in itertools.product("ABCDEF", "adefghij")][:40]
    for name, text in {"a": " og ".join(names[:30]), "b": " og ".join(names), "c": ". ".join(names)}.items():
        (folder / "in" / f"{name}.txt").write_text(text + ".", encoding="utf-8")
    summary = build(folder)
    assert summary.guesses == {CAPPED: 1}
    assert f"{CAPPED}, in 1" in describe_summary(summary, "kg.db")
    with open_store(folder / "kg.db") as store:
        told = store.rows("SELECT path, guesses FROM source WHERE guesses <> '[]'")
    assert told == [(str(folder / "in" / "b.txt"), json.dumps([CAPPED]))]


def test_other_columns_read_the_table_anew(folder: Path) -> None:
    table = write_table([["tekst", "svar"], ["Kari Holm leder Fjellbygg.", "Ola Strand leder Kystkraft."]], ";")
    (folder / "in" / "a.csv").write_text(table, encoding="utf-8")
    (folder / "in" / "b.txt").write_text("Per Lie leder Nordmat.", encoding="utf-8")
    assert build(folder).guesses == {"text column 'tekst'": 1}
    summary = build(folder, columns=Columns(text="svar"))
    assert (summary.read, summary.unchanged) == (1, 1)
    with open_store(folder / "kg.db") as store:
        assert [row.name for row in store.neighbours("Kystkraft")] == ["Ola Strand"]


def test_evidence_names_the_page_row_and_message(folder: Path, run_kg: Run) -> None:
    pages = [place_lines(["Det er fint her."]), place_lines(["Kari Holm leder Fjellbygg."])]
    (folder / "in" / "a.pdf").write_bytes(print_pages(pages))
    (folder / "in" / "b.csv").write_text(write_table([*ROWS[:1], ["4", "Holm Holm eier Fjellbygg."]], ","))
    mail = make_message(
        "Om saken\n\nJa.\n\n> Kari Holm eier Fjellbygg.", {"c.docx": make_docx("Kari Holm og Fjellbygg.")}
    )
    (folder / "in" / "d.zip").write_bytes(make_zip({"m.eml": mail.as_bytes()}))
    build(folder)
    store = folder / "kg.db"
    rows = json.loads(run_kg("evidence", "Kari Holm", "Fjellbygg", "--store", store, "--json").out)
    assert {Path(row["source"].split(".zip")[0]).name + row["source"].partition(".zip")[2] for row in rows} == {
        "a.pdf, page 2",
        "d/m.eml, message 1@test.example, quoted reply",
        "d/m.eml, message 1@test.example, attachment c.docx",
    }
    assert {row["date_from"] for row in rows} == {None, "metadata (Date)", "mail it came with"}
    with sqlite3.connect(store) as connection:
        found = connection.execute("SELECT page FROM evidence WHERE source LIKE '%a.pdf'").fetchall()
        origins = connection.execute("SELECT DISTINCT title_from, date_from, lang_from FROM documents").fetchall()
    assert found == [("page 2",)]
    assert ("metadata (Subject)", "metadata (Date)", "asked") in origins
    graph_sources = [row["source"] for row in rows if "a.pdf, page" in row["source"]]
    with open_store(store) as opened:
        edge = opened.ego("Fjellbygg").edges["person:kari-holm", "org:fjellbygg", "leads"]
    assert [row["source"] for row in edge["evidence"]] == graph_sources


def test_build_says_what_it_guessed_and_skipped(folder: Path, run_kg: Run) -> None:
    (folder / "in" / "a.csv").write_bytes(b"tekst;by\nKari Holm er her;Bod\xf8\n;Bod\xf8\n")
    done = run_kg("build", folder / "in", "--store", folder / "kg.db", "--workers", 0)
    assert done.code == 5
    assert "guessed: encoding cp1252, in 1\nguessed: text column 'tekst', in 1\n" in done.out
    assert "a.csv, row 3 [read]: holds nothing in the column 'tekst'" in done.err


@pytest.mark.parametrize("workers", [0, 2])
def test_tag_gives_every_part_in_order(folder: Path, workers: int) -> None:
    (folder / "in" / "a.csv").write_text(
        write_table([row for row in ROWS if row[0] in "id1346"], ","), encoding="utf-8"
    )
    (folder / "in" / "b.txt").write_text("Per Lie leder Nordmat.", encoding="utf-8")
    found = list(tag_paths([folder / "in"], Options(lang="nb", workers=workers, load=stubs.load_stubs)))
    names = [Path(row.document.source if isinstance(row, Record) else row.source).name for row in found]
    assert names == ["a.csv, row 2 (1)", "a.csv, row 3 (3)", "a.csv, row 4 (4)", "a.csv, row 5 (6)", "b.txt"]
    assert [row.stage for row in found if isinstance(row, Failure)] == ["tag"]


def test_same_entities_and_links_as_plain_text() -> None:
    """A small sample of what benchmarks/readers.py does with sixty files."""
    from benchmarks.readers import compare, read_texts
    from kg.worker import load_stages

    files = [(format, 0) for format in ("html", "pdf", "docx", "mbox", "rss", "csv")]
    rows, differing = compare(files, read_texts()[-1:], load_stages(Options(pipeline="fast")))
    assert (sorted(rows), differing) == (["csv", "docx", "html", "mbox", "pdf", "rss"], 0)
