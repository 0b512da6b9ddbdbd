"""The command line: what is printed where, in which form, and with which exit code."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import networkx
import pytest

from kg import cli
from kg.cli import ALSO, COMMANDS
from kg.cli.ask import TERMINAL_ROWS
from kg.cli.build import Meter, describe_seconds
from kg.cli.options import parse_since, parse_until
from kg.cli.printing import defuse
from kg.records import TYPES
from kg.store import open_store, refresh
from tests.conftest import ROOT, Run, environment, run_in_terminal, run_process
from tests.stubs import add_text, resolve_by_id

HEAVY = ("spacy", "numpy", "networkx", "pyvis", "onnxruntime", "rich", "trafilatura", "jinja2", "kg.graph", "kg.tag")
INLINE = ("--workers", "0", "--lang", "nb")
TAGGED_KEYS = ["id", "source", "lang", "title", "date", "text", "sentences", "mentions", "links"]
TAGGED_KEYS += ["title_from", "date_from", "lang_from", "guesses", "places"]
RELATION_KEYS = [
    "relation", "direction", "weight", "documents", "status", "npmi", "expected", "together", "first_seen", "last_seen",
]  # fmt: skip
EVIDENCE_KEYS = [
    "head", "relation", "tail", "status", "predicate", "sentence", "document", "source", "title", "date", "start",
    "end", "rule", "speaker", "sources", "date_from",
]  # fmt: skip


@pytest.fixture
def news(tmp_path: Path) -> Path:
    folder = tmp_path / "news"
    folder.mkdir()
    (folder / "a.txt").write_text("Kari Holm leder Fjellbygg. Holm er i Bratvik.", encoding="utf-8")
    (folder / "b.txt").write_text("Fjellbygg eier Kystkraft.", encoding="utf-8")
    return folder


# Help and usage


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example(run_kg: Run, command: str) -> None:
    shown = run_kg(command, "--help")
    assert shown.code == 0
    assert f"\n  kg {command}" in shown.out
    assert shown.err == ""


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in ("render", "export", "report", "remove")])
def test_json_is_documented(run_kg: Run, command: str) -> None:
    assert "With --json, " in " ".join(run_kg(command, "-h").out.split())


def test_list_of_commands(run_kg: Run) -> None:
    shown = run_kg("--help")
    listed = [line.split()[0] for line in shown.out.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()]
    assert listed == list(COMMANDS)
    assert "5 done but documents were skipped" in " ".join(shown.out.split())


def test_version(run_kg: Run) -> None:
    from kg import __version__

    assert run_kg("--version").out == f"kg {__version__}\n"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["build"], "Missing argument"),
        (["nonsense"], "No such command 'nonsense'"),
        (["neighbours"], "Missing argument"),
        (["neighbours", "Aker", "--nonsense"], "No such option: --nonsense"),
        (["neighbours", "Aker", "--type", "firm"], "'firm' is none of PERSON, ORG, PLACE, PRODUCT, EVENT"),
        (["neighbours", "Aker", "--relation", "likes"], "'likes' is none of leads, works_for"),
        (["evidence", "A", "B", "--status", "maybe"], "'maybe' is none of stated, reported, alleged, denied"),
        (["neighbours", "Aker", "--since", "i fjor"], "'i fjor' is no date; write 2025, 2025-07 or 2025-07-31"),
        (["neighbours", "Aker", "--until", "2025-02-30"], "'2025-02-30' is no date"),
        (["neighbours", "Aker", "--depth", "0"], "--depth"),
        (["top", "--by", "fame"], "'fame' is none of degree, mentions, documents, pagerank, betweenness"),
        (["build", "x", "--lang", "norsk!"], "'norsk!' is no language code"),
    ],
)
def test_wrong_usage(run_kg: Run, args: list[str], said: str) -> None:
    shown = run_kg(*args)
    assert (shown.code, shown.out) == (2, "")
    assert said in " ".join(shown.err.split())


@pytest.mark.parametrize(
    ("given", "first", "last"),
    [
        ("2025", "2025-01-01", "2025-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2025-07-31", "2025-07-31", "2025-07-31"),
        (None, None, None),
    ],
)
def test_dates_may_be_years_and_months(given: str | None, first: str | None, last: str | None) -> None:
    assert (parse_since(given), parse_until(given)) == (first, last)


# Reading documents


def test_build_says_what_it_did(run_kg: Run, news: Path, tmp_path: Path) -> None:
    store = tmp_path / "my.db"
    built = run_kg("build", news, "--store", store, *INLINE)
    assert (built.code, built.err) == (0, "")
    assert built.out.startswith("2 documents = 2 read + 0 unchanged + 0 skipped, in ")
    assert "stub 1 tagged 2 in " in built.out
    assert f"{store} holds 2 documents, " in built.out
    again = run_kg("build", news, "--store", store, *INLINE)
    assert again.out.startswith("2 documents = 0 read + 2 unchanged + 0 skipped, in ")


def test_build_lists_what_was_skipped(run_kg: Run, news: Path, tmp_path: Path) -> None:
    (news / "c.pdf").write_bytes(b"%PDF-1.7")
    (news / "d.txt").write_text("Dette FEILER.", encoding="utf-8")
    store = tmp_path / "kg.db"
    built = run_kg("build", news, tmp_path / "gone.txt", "--store", store, *INLINE, "--json")
    assert built.code == 5
    summary = json.loads(built.out)
    assert (summary["seen"], summary["read"], summary["unchanged"], len(summary["skipped"])) == (5, 2, 0, 3)
    assert {row["stage"] for row in summary["skipped"]} == {"read", "tag"}
    assert list(summary["skipped"][0]) == ["source", "stage", "reason", "passing"]
    lines = built.err.splitlines()
    assert len(lines) == 3 and all(line.startswith("skipped ") for line in lines)
    assert f"skipped {news / 'd.txt'} [tag]: failed unexpectedly (ValueError: no good)" in lines
    assert f"skipped {tmp_path / 'gone.txt'} [read]: " in built.err
    checked = json.loads(run_kg("doctor", "--store", store, "--json").out)
    assert [Path(row["source"]).name for row in checked["store"]["skipped"]] == ["c.pdf", "d.txt"]


def test_long_list_of_skipped_is_cut(run_kg: Run, tmp_path: Path) -> None:
    names = [tmp_path / f"{number}.txt" for number in range(60)]
    built = run_kg("build", *names, "--store", tmp_path / "kg.db", *INLINE)
    assert built.code == 5
    assert len(built.err.splitlines()) == 51
    assert built.err.splitlines()[-1] == "and 10 more; kg doctor lists all of them"


def test_interrupted_build_can_go_on(run_kg: Run, news: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests import stubs

    asked = []

    def stop_at_second(document: object) -> object:
        asked.append(document)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return stubs.tag(document)  # type: ignore[arg-type]

    monkeypatch.setattr("tests.stubs.load_stubs", lambda _: stubs.Stages(stop_at_second, stubs.resolve, stubs.relate))
    monkeypatch.setattr("kg.worker.load_stages", stubs.load_stubs)
    store = tmp_path / "kg.db"
    stopped = run_kg("build", news, "--store", store, *INLINE)
    assert (stopped.code, stopped.out) == (130, "")
    assert stopped.err == "kg: interrupted; what is done is kept, run the same command again to go on\n"
    assert run_kg("show", "kari holm", "--store", store).code == 0
    went_on = run_kg("build", news, "--store", store, *INLINE)
    assert went_on.out.startswith("2 documents = 1 read + 1 unchanged + 0 skipped, in ")


def test_remove(run_kg: Run, news: Path, tmp_path: Path) -> None:
    store = tmp_path / "kg.db"
    run_kg("build", news, "--store", store, *INLINE)
    removed = run_kg("remove", news / "b.txt", "--store", store)
    assert (removed.code, removed.out) == (0, "removed 1 files\n")
    assert run_kg("neighbours", "Kystkraft", "--store", store).code == 3
    assert run_kg("remove", news / "b.txt", "--store", store).code == 3
    assert run_kg("remove", "x", "--store", tmp_path / "none.db").code == 3
    assert not (tmp_path / "none.db").exists()


def test_progress_only_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    Meter().update(5, 10, 1000)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    meter = Meter()
    meter.update(10, 50, 6_000)
    assert capsys.readouterr().err == "\r\x1b[K10 of 50 documents  6,000 characters"
    meter.started -= 10
    meter.update(11, 50, 6_500)
    assert capsys.readouterr().err == ""
    meter.last -= 10
    meter.update(30, 50, 12_000)
    assert capsys.readouterr().err == "\r\x1b[K30 of 50 documents  12,000 characters  2.0/s  10 s left"
    meter.clear()
    assert capsys.readouterr().err == "\r\x1b[K"
    assert [describe_seconds(s) for s in (9, 61, 7300)] == ["9 s", "1 min 1 s", "2 h 1 min"]


def test_tag_json(run_kg: Run, news: Path) -> None:
    tagged = run_kg("tag", news, "--json", *INLINE)
    assert (tagged.code, tagged.err) == (0, "")
    first, second = map(json.loads, tagged.out.splitlines())
    assert list(first) == TAGGED_KEYS
    assert first["text"] == (news / "a.txt").read_text(encoding="utf-8")
    assert (first["source"], first["lang"], first["date"]) == (str(news / "a.txt"), "nb", None)
    assert first["sentences"] == [[0, 26], [27, 45]]
    mention = {
        "start": 0,
        "end": 9,
        "text": "Kari Holm",
        "type": "PERSON",
        "entity": "person:kari-holm",
        "derived": False,
    }
    assert first["mentions"][0] == mention
    assert [m["entity"] for m in first["mentions"]][2] == "person:kari-holm"
    link = {
        "head": "person:kari-holm", "relation": "leads", "tail": "org:fjellbygg", "predicate": "leder",
        "start": 0, "end": 26, "status": "stated",
    }  # fmt: skip
    assert first["links"][0] == link
    assert [m["text"] for m in second["mentions"]] == ["Fjellbygg", "Kystkraft"]


def test_tag_in_a_pipe_and_with_failures(run_kg: Run, news: Path) -> None:
    (news / "b.txt").write_text("FEILER", encoding="utf-8")
    tagged = run_kg("tag", news, *INLINE)
    assert tagged.code == 5
    assert tagged.out.startswith("source\tstart\tend\ttext\ttype\tentity\tname\tderived\n")
    assert tagged.rows()[0] == [
        str(news / "a.txt"), "0", "9", "Kari Holm", "PERSON", "person:kari-holm", "Kari Holm", "0",
    ]  # fmt: skip
    assert "no good" in tagged.err


# Questions


def test_neighbours_in_a_pipe(run_kg: Run, stub_store: Path) -> None:
    shown = run_kg("neighbours", "Fjellbygg", "--store", stub_store)
    assert shown.code == 0
    assert shown.out.splitlines()[0].split("\t") == [
        "id", "name", "type", "depth", "via", "relation", "direction", "weight", "documents", "status",
        "first_seen", "last_seen", "npmi", "together", "expected",
    ]  # fmt: skip
    rows = {(row[1], row[5]): row for row in shown.rows()}
    assert rows["Kystkraft", "owns"][6:10] == ["out", "1", "1", "stated"]
    assert rows["Kystkraft", "appears_with"][6:9] == ["both", "1", "2"]
    assert rows["Kari Holm", "leads"][:5] == ["person:kari-holm", "Kari Holm", "PERSON", "1", ""]
    assert rows["Kari Holm", "leads"][6] == "in"
    assert rows["Havfisk", "conflict_with"][6] == "both"
    assert rows["Havfisk", "owns"][9] == "denied"


def test_neighbours_json_and_csv(run_kg: Run, stub_store: Path) -> None:
    rows = json.loads(run_kg("neighbours", "fjellbygg", "--store", stub_store, "--json").out)
    assert {tuple(row) for row in rows} == {("id", "name", "type", "depth", "weight", "documents", "relations", "via")}
    assert list(rows[0]["relations"][0]) == RELATION_KEYS
    assert rows[0]["name"] == "Kystkraft" and rows[0]["relations"][0]["relation"] == "owns"
    as_csv = run_kg("neighbours", "fjellbygg", "--store", stub_store, "--csv").out
    as_tsv = run_kg("neighbours", "fjellbygg", "--store", stub_store).out
    assert list(csv.reader(io.StringIO(as_csv))) == [line.split("\t") for line in as_tsv.splitlines()]


def test_communities(run_kg: Run, stub_store: Path) -> None:
    shown = run_kg("top", "--communities", "--store", stub_store)
    assert shown.out.splitlines()[0].split("\t") == ["name", "size", "members"]
    rows = shown.rows()
    assert sum(int(size) for _, size, _ in rows) == 9  # two names stand alone
    assert all(name.split(", ")[0] and len(members.split()) == int(size) for name, size, members in rows)
    assert run_kg("top", "--communities", "--store", stub_store).out == shown.out
    one = json.loads(run_kg("top", "--communities", "--limit", "1", "--store", stub_store, "--json").out)
    assert [(group["name"], len(group["members"])) for group in one] == [(rows[0][0], int(rows[0][1]))]


def names(shown: str) -> list[str]:
    return [row["name"] for row in json.loads(shown)]


def test_neighbours_filters(run_kg: Run, stub_store: Path) -> None:
    def ask(*args: str) -> list[str]:
        return names(run_kg("neighbours", *args, "--store", stub_store, "--json").out)

    assert ask("Kystkraft", "--type", "place") == ["Bratvik", "Tromsø"]
    assert ask("Kystkraft", "--relation", "LEADS") == ["Ola Strand"]
    assert ask("Kystkraft", "--relation", "leads", "--relation", "owns") == ["Ola Strand", "Fjellbygg"]
    assert ask("Kystkraft", "--since", "2026-01-05", "--type", "ORG") == ["Fjellbygg", "Havfisk"]
    assert ask("Kystkraft", "--until", "2025") == []
    assert ask("Kystkraft", "--status", "alleged") == ["Ola Strand"]
    assert ask("Kystkraft", "--limit", "1") == ["Ola Strand"]
    far = json.loads(run_kg("neighbours", "Havfisk", "--depth", "2", "--store", stub_store, "--json").out)
    assert {row["depth"] for row in far} == {1, 2}
    assert all((row["via"] is None) == (row["depth"] == 1) for row in far)


@pytest.mark.parametrize("name", ["Tromsø", "tromso", "TROMSØ", "place:tromso", "  tromsø "])
def test_names_as_people_type_them(run_kg: Run, stub_store: Path, name: str) -> None:
    assert run_kg("neighbours", name, "--store", stub_store).rows()[0][1] == "Kystkraft"


def test_american_spelling(run_kg: Run, stub_store: Path) -> None:
    (american,) = ALSO
    assert american == "neighbors"
    asked = [run_kg(word, "Fjellbygg", "--store", stub_store).out for word in ("neighbours", american)]
    assert asked[0] == asked[1] != ""


def test_not_found_and_ambiguous(run_kg: Run, news: Path, stub_store: Path, tmp_path: Path) -> None:
    unknown = run_kg("neighbours", "Fjelbygg", "--store", stub_store)
    assert (unknown.code, unknown.out) == (3, "")
    assert "'Fjelbygg'" in unknown.err and "Fjellbygg" in unknown.err
    (news / "c.txt").write_text("Per Holm eier Nordmat. Holm er i Storvik.", encoding="utf-8")
    run_kg("build", news, "--store", tmp_path / "kg.db", *INLINE)
    unclear = run_kg("show", "holm", "--store", tmp_path / "kg.db")
    assert (unclear.code, unclear.out) == (4, "")
    assert "  person:kari-holm  Kari Holm  PERSON\n" in unclear.err
    assert "  person:per-holm  Per Holm  PERSON\n" in unclear.err
    missing = run_kg("neighbours", "Aker", "--store", tmp_path / "none.db")
    assert (missing.code, missing.out) == (3, "")
    assert "kg build" in missing.err


def test_store_from_the_environment(run_kg: Run, stub_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KG_STORE", str(stub_store))
    assert run_kg("stats", "--json").code == 0


def test_path(run_kg: Run, stub_store: Path) -> None:
    steps = json.loads(run_kg("path", "kari holm", "havfisk", "--store", stub_store, "--json").out)
    assert [(s["head_name"], s["relation"]["relation"], s["tail_name"]) for s in steps] == [
        ("Kari Holm", "leads", "Fjellbygg"),
        ("Fjellbygg", "conflict_with", "Havfisk"),
    ]
    assert list(steps[0]) == ["head", "tail", "head_name", "tail_name", "relation", "evidence"]
    assert list(steps[0]["evidence"]) == EVIDENCE_KEYS
    shown = run_kg("path", "kari holm", "havfisk", "--store", stub_store).rows()
    assert shown[0] == [
        "1", "Kari Holm", "leads", "out", "Fjellbygg", "stated", "2026-01-01", "news/2026-01-01-a.txt",
        "Kari Holm leder Fjellbygg.",
    ]  # fmt: skip
    assert run_kg("path", "Nordmat", "Fjellbygg", "--store", stub_store).code == 3


def test_evidence(run_kg: Run, stub_store: Path) -> None:
    rows = json.loads(run_kg("evidence", "Fjellbygg", "Kystkraft", "--store", stub_store, "--json").out)
    assert [(row["relation"], row["date"]) for row in rows] == [("owns", "2026-01-02"), ("appears_with", "2026-01-01")]
    assert list(rows[0]) == EVIDENCE_KEYS
    assert (rows[0]["predicate"], rows[0]["sentence"]) == ("eier", "Fjellbygg eier Kystkraft.")
    assert [source[0] for source in rows[1]["sources"]] == ["news/2026-01-01-a.txt", "news/2026-01-05-e.txt"]
    limited = run_kg("evidence", "Fjellbygg", "Kystkraft", "--limit", "1", "--store", stub_store)
    assert limited.rows() == [
        [
            "2026-01-02", "Fjellbygg", "owns", "Kystkraft", "stated", "eier", "Fjellbygg eier Kystkraft.",
            "news/2026-01-02-b.txt", "1",
        ]
    ]  # fmt: skip


def test_show(run_kg: Run, stub_store: Path) -> None:
    detail = json.loads(run_kg("show", "Kari Holm", "--store", stub_store, "--json").out)
    assert list(detail) == ["entity", "aliases", "merges", "types", "neighbours", "documents"]
    assert detail["entity"]["id"] == "person:kari-holm" and "key" not in detail["entity"]
    text = run_kg("show", "Kari Holm", "--store", stub_store).out
    assert text.startswith("Kari Holm  PERSON  person:kari-holm\n")
    for part in ("Names, and why", "same name", "Strongest links", "leads 1", "Documents", "news/2026-01-01-a.txt"):
        assert part in text


def test_search(run_kg: Run, stub_store: Path) -> None:
    found = json.loads(run_kg("search", "fjell", "--store", stub_store, "--json").out)
    assert ([row["name"] for row in found["entities"]], found["near"]) == (["Fjellbygg"], False)
    near = json.loads(run_kg("search", "Havfsk", "--store", stub_store, "--json").out)
    assert ([row["name"] for row in near["entities"]], near["near"]) == (["Havfisk"], True)
    rows = run_kg("search", "ikke der", "--store", stub_store).rows()
    assert [row[2] for row in rows if row[0] == "sentence"] == ["Holm er ikke der."]
    assert run_kg("search", 'AT&T " foo-bar OR NOT *', "--store", stub_store).code == 0


def test_top_and_stats(run_kg: Run, stub_store: Path) -> None:
    assert names(run_kg("top", "--by", "mentions", "--limit", "1", "--store", stub_store, "--json").out) == [
        "Fjellbygg"
    ]
    assert names(run_kg("top", "--type", "person", "--limit", "1", "--store", stub_store, "--json").out) != []
    ranked = json.loads(run_kg("top", "--by", "pagerank", "--store", stub_store, "--json").out)
    assert list(ranked[0]) == ["id", "name", "type", "score", "mentions", "documents", "degree"]
    assert [row["score"] for row in ranked] == sorted((row["score"] for row in ranked), reverse=True)
    counts = json.loads(run_kg("stats", "--store", stub_store, "--json").out)
    assert (counts["documents"], counts["relations"]["leads"]) == (6, 2)
    assert ["documents", "6"] in run_kg("stats", "--store", stub_store).rows()


# Files


def test_export_and_render(run_kg: Run, stub_store: Path, tmp_path: Path) -> None:
    out = tmp_path / "graph.graphml"
    shown = run_kg("export", out, "--store", stub_store)
    assert shown.out.startswith(f"{out}: ")
    graph = networkx.read_graphml(out)
    assert {data["type"] for _, data in graph.nodes(data=True)} <= set(TYPES)
    assert run_kg("export", "-", "--format", "graphml", "--store", stub_store).out == out.read_text(encoding="utf-8")
    near = tmp_path / "near.graphml"
    run_kg("export", near, "--around", "havfisk", "--store", stub_store)
    assert set(networkx.read_graphml(near)) == {"org:havfisk", "org:fjellbygg", "org:kystkraft", "person:ola-strand"}
    page = tmp_path / "graph.html"
    assert run_kg("render", page, "--store", stub_store, "--title", "Fjord & fjell").code == 0
    assert "Fjord &amp; fjell" in page.read_text(encoding="utf-8")


def test_failed_export_leaves_the_old_file(run_kg: Run, stub_store: Path, tmp_path: Path) -> None:
    assert run_kg("export", tmp_path / "graph.xyz", "--store", stub_store).code == 2
    assert run_kg("export", tmp_path / "none" / "graph.graphml", "--store", stub_store).code == 2
    assert run_kg("render", tmp_path, "--store", stub_store).code == 2
    assert list(tmp_path.iterdir()) == []


# Doctor


def test_doctor(run_kg: Run, stub_store: Path, tmp_path: Path) -> None:
    report = json.loads(run_kg("doctor", "--store", stub_store, "--json").out)
    assert list(report) == ["kg", "python", "platform", "packages", "pipelines", "formats", "sqlite", "store"]
    assert (report["store"]["problems"], report["store"]["skipped"]) == ([], [])
    assert {"text", "PDF", "Word", "mailbox"} <= {row["name"] for row in report["formats"] if row["works"]}
    assert report["packages"]["spacy"]
    assert "none here yet" in run_kg("doctor", "--store", tmp_path / "none.db").out
    broken = tmp_path / "broken.db"
    data = bytearray(stub_store.read_bytes())
    data[5000:9000] = os.urandom(4000)
    broken.write_bytes(data)
    shown = run_kg("doctor", "--store", broken)
    assert shown.code == 1
    assert "damaged" in shown.out


# Evaluation


def test_evaluate(run_kg: Run, tmp_path: Path) -> None:
    text = "Kari Holm leder Fjellbygg. Holm er i Bratvik."
    spans = [(0, 9, "PERSON", 0), (16, 25, "ORG", 1), (27, 31, "PERSON", 0), (37, 44, "PLACE", 2)]
    mentions = [dict(zip(("start", "end", "label", "cluster"), span, strict=True)) for span in spans]
    row = {"id": "a", "lang": "nb", "text": text, "sentences": [[0, 26], [27, 45]], "mentions": mentions}
    gold = tmp_path / "gold.jsonl"
    gold.write_text(json.dumps(row | {"relations": [[0, "leads", 1, "leder"], [0, "lives_in", 2, "er i"]]}) + "\n")
    result = json.loads(run_kg("evaluate", gold, "--json").out)
    assert list(result) == ["documents", "scores", "b3", "false_merges", "by_relation"]
    assert result["scores"]["pairs"] == {"precision": 1.0, "recall": 1.0, "f": 1.0, "gold": 1, "found": 1}
    relations = result["scores"]["relations"]
    assert (relations["precision"], relations["recall"], relations["gold"]) == (1.0, 0.5, 2)
    assert ["typed relations", "1.0000", "0.5000", "0.6667", "2", "1"] in run_kg("evaluate", gold).rows()
    gold.write_text('{"text": "a"}\n')
    assert run_kg("evaluate", gold).code == 2


# Terminals and pipes


HOSTILE = (
    "Kari Holm leder Fjellbygg[bold]. \x1b[31mRedvik\x1b[0m og [link=https://x/]Lenkvik[/link] er i [/foo]Bratvik."
)


def test_names_are_never_markup_nor_escapes(run_kg: Run, tmp_path: Path) -> None:
    (tmp_path / "\x1b]0;owned\x07[red]a.txt").write_text(HOSTILE, encoding="utf-8")
    store = tmp_path / "kg.db"
    assert run_kg("build", tmp_path, "--store", store, *INLINE).code in (0, 5)
    for args in (
        ["neighbours", "Bratvik"], ["evidence", "Bratvik", "Lenkvik"], ["path", "Bratvik", "Lenkvik"],
        ["show", "Bratvik"], ["search", "bratvik"], ["top"], ["stats"], ["doctor"],
    ):  # fmt: skip
        asked = [*args, "--store", str(store)]
        terminal = run_in_terminal(["kg", *asked], tmp_path, NO_COLOR="1", columns=200)
        assert (terminal.code, args) == (0, args)
        assert "\x1b]" not in terminal.out and "\x1b[31m" not in terminal.out and "\x07" not in terminal.out
        assert "\x1b" not in run_kg(*asked).out
    evidence = run_in_terminal(
        ["kg", "evidence", "Bratvik", "Lenkvik", "--store", str(store)], tmp_path, columns=200
    ).out
    assert "[link=https://x/]Lenkvik[/link] er i [/foo]Bratvik." in evidence


def test_json_escapes_what_terminals_obey(capsys: pytest.CaptureFixture[str]) -> None:
    from kg.cli.printing import write_json

    value = ["\x1b[31m", "\x9b31m", "\u202eabc", "\udcff", "blåbær ☃"]
    write_json(value)
    printed = capsys.readouterr().out
    assert not set(printed) & {"\x1b", "\x9b", "\u202e", "\udcff"}
    assert "blåbær ☃" in printed
    assert json.loads(printed) == value


def test_tables_on_a_terminal(stub_store: Path) -> None:
    shown = run_in_terminal(
        ["kg", "neighbours", "Kystkraft", "--store", str(stub_store)], stub_store.parent, NO_COLOR="1"
    )
    lines = [line.rstrip() for line in strip_styles(shown.out).splitlines()]
    assert lines[0] == "Kystkraft  ORG"
    assert lines[1].split() == ["name", "type", "relations", "sentences", "documents", "last", "seen"]
    assert lines[2].startswith("Ola Strand  PERSON  ← leads 1, ← owns alleged 1 ")
    assert lines[3].startswith("Fjellbygg   ORG     ← owns 1, together 3 (chance ")
    assert "\t" not in shown.out


def test_terminal_shows_the_strongest_of_a_hub_and_a_pipe_gets_all(tmp_path: Path) -> None:
    with open_store(tmp_path / "kg.db", write=True) as store:
        for number in range(TERMINAL_ROWS + 5):
            letters = f"{number:03}".translate(str.maketrans("0123456789", "abdefghijk"))
            add_text(store, f"{number}.txt", f"Fjellbygg eier Bygg{letters}.")
        refresh(store, resolve_by_id)
    asked = ["neighbours", "Fjellbygg", "--store", "kg.db"]
    shown = run_in_terminal(["kg", *asked], tmp_path, NO_COLOR="1").out
    assert f"the strongest {TERMINAL_ROWS} are shown; --limit N shows more" in shown
    assert sum("→ owns 1" in line for line in shown.splitlines()) == TERMINAL_ROWS
    more = run_in_terminal(["kg", *asked, "--limit", "203"], tmp_path, NO_COLOR="1").out
    assert sum("→ owns 1" in line for line in more.splitlines()) == 203 and "are shown" not in more
    assert len(run_process(asked, tmp_path).out.splitlines()) == 1 + TERMINAL_ROWS + 5


def strip_styles(text: str) -> str:
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_no_color(stub_store: Path) -> None:
    asked = ["neighbours", "Kystkraft", "--store", str(stub_store)]
    assert "\x1b[1;35m" in run_in_terminal(["kg", *asked], stub_store.parent).out
    assert "35m" not in run_in_terminal(["kg", *asked], stub_store.parent, NO_COLOR="1").out


def test_reader_that_goes_away(stub_store: Path) -> None:
    command = f"{sys.executable} -m kg export - --store {stub_store} | head -c 10 > /dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_questions_load_nothing_heavy(stub_store: Path) -> None:
    script = (
        "import atexit, sys; from kg.cli import main; "
        f"atexit.register(lambda: print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)); "
        "sys.argv[0] = 'kg'; main()"
    )
    for args in (
        ["neighbours", "fjellbygg"], ["path", "kari holm", "havfisk"], ["evidence", "fjellbygg", "kystkraft"],
        ["show", "fjellbygg"], ["search", "fjell"], ["top"], ["stats"],
    ):  # fmt: skip
        command = [sys.executable, "-c", script, *args, "--store", str(stub_store)]
        done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
        assert (args, done.returncode, done.stderr) == (args, 0, "[]\n")


def test_module_runs_as_the_script_does(stub_store: Path) -> None:
    assert run_process(["--version"], ROOT).out.startswith("kg ")
    assert run_process(["neighbours", "nobody at all", "--store", str(stub_store)], ROOT).code == 3


@pytest.mark.parametrize(
    ("cell", "safe"),
    [("=1+1", "'=1+1"), ("@x", "'@x"), ("-5", "-5"), ("-0.25", "-0.25"), ("Aker", "Aker"), ("+x", "'+x")],
)
def test_spreadsheets_get_no_formulas(cell: str, safe: str) -> None:
    assert defuse(cell) == safe


def test_app_holds_every_command() -> None:
    assert {command.name for command in cli.app.registered_commands} == {*COMMANDS, *ALSO}
