"""The analyst's word: shown before it counts, kept by every later build, and taken back without a trace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kg.correct import (
    apply_corrections,
    export_corrections,
    list_corrections,
    list_unmatched,
    plan_distinct,
    plan_drop,
    plan_import,
    plan_merge,
    plan_rename,
    plan_retype,
    plan_split,
    undo_correction,
)
from kg.errors import NotFoundError, UsageError
from kg.flow import Options, build_store
from kg.query import find_entity, list_neighbours
from kg.resolve import Correction
from kg.store import Store, check_store, dump_graph, open_store
from tests.conftest import Run, run_in_terminal
from tests.stubs import load_stubs

NEWS = {
    "a.txt": "Kari Holm leder Fjellbygg. Fjellbygg eier Kystkraft.",
    "b.txt": "Kari Holm leder Fjellbygg i Bratvik. Kari Holm er i Tromsø.",
    "c.txt": "Fjelbygg eier Havfisk. Nordmat er i Tromsø.",
    "d.txt": "Kari Holm er i Bratvik. Kari Holm eier Fjellbygg.",
}
OPTIONS = Options(lang="nb", workers=0, load=load_stubs)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "news").mkdir()
    for name, text in NEWS.items():
        (tmp_path / "news" / name).write_text(text, encoding="utf-8")
    build_store([tmp_path / "news"], tmp_path / "kg.db", options=OPTIONS)
    return tmp_path


def open_folder(folder: Path) -> Store:
    return open_store(folder / "kg.db", write=True)


def dump(store: Store) -> list[str]:
    assert check_store(store) == []
    return list(dump_graph(store))


def neighbours(store: Store, name: str) -> set[str]:
    return {row.id for row in list_neighbours(store, find_entity(store, name))}


def test_merge_is_shown_then_kept_then_undone(folder: Path) -> None:
    with open_folder(folder) as store:
        before = dump(store)
        plan = plan_merge(store, ["org:fjellbygg", "org:fjelbygg"])
        shown = apply_corrections(store, plan, keep=False)
        assert dump(store) == before and list_corrections(store) == []
        assert [row.id for row in shown.gone] == ["org:fjelbygg"] and shown.new == ()
        assert shown.edges == 1
        done = apply_corrections(store, plan)
        assert (done.gone, done.edges) == (shown.gone, shown.edges)
        assert neighbours(store, "Fjelbygg") == {"person:kari-holm", "org:kystkraft", "org:havfisk", "place:bratvik"}
        (kept,) = list_corrections(store)
        undo_correction(store, kept.number)
        assert dump(store) == before


def test_chain_of_merges_loses_nothing(folder: Path) -> None:
    with open_folder(folder) as store:
        apply_corrections(store, plan_merge(store, ["org:fjelbygg", "org:kystkraft"]))
        apply_corrections(store, plan_merge(store, ["org:kystkraft", "org:fjellbygg"]))
        found = {find_entity(store, name).id for name in ("Fjelbygg", "Kystkraft", "Fjellbygg")}
        assert len(found) == 1
        assert neighbours(store, found.pop()) == {"person:kari-holm", "org:havfisk", "place:bratvik"}


def test_later_documents_follow(folder: Path) -> None:
    with open_folder(folder) as store:
        apply_corrections(store, plan_merge(store, ["org:fjellbygg", "org:fjelbygg"]))
        apply_corrections(store, plan_rename(store, "Nordmat", "Nordmat Norge"))
        apply_corrections(store, plan_retype(store, "Havfisk", "PRODUCT"))
        apply_corrections(store, plan_drop(store, "Kystkraft"))
    (folder / "news" / "e.txt").write_text("Fjelbygg eier Storfisk. Havfisk, Kystkraft og Nordmat er her.")
    build_store([folder / "news"], folder / "kg.db", options=OPTIONS)
    with open_folder(folder) as store:
        assert "org:storfisk" in neighbours(store, "Fjellbygg")
        assert find_entity(store, "Havfisk").type == "PRODUCT"
        assert find_entity(store, "Nordmat").name == "Nordmat Norge"
        with pytest.raises(NotFoundError):
            find_entity(store, "Kystkraft")
        assert list_unmatched(store) == {}


def test_split_by_document(folder: Path) -> None:
    with open_folder(folder) as store:
        place = str(folder / "news" / "d.txt")
        change = apply_corrections(store, plan_split(store, "Kari Holm", [place], as_name="Kari Holm i Bratvik"))
        assert [row.name for row in change.new] == ["Kari Holm i Bratvik"]
        assert neighbours(store, "Kari Holm i Bratvik") == {"place:bratvik", "org:fjellbygg"}
        assert find_entity(store, "person:kari-holm").documents == 2
        with pytest.raises(NotFoundError, match="no document 'x"):
            plan_split(store, "Kystkraft", ["x.txt"])
        with pytest.raises(UsageError, match="in no other document"):
            plan_split(store, "Kystkraft", [str(folder / "news" / "a.txt")])


def test_split_down_to_single_mentions(folder: Path) -> None:
    """In one document it is Fjellbygg twice and another Fjellbygg once."""
    place = str(folder / "news" / "two.txt")
    Path(place).write_text(
        "Fjellbygg eier Kystkraft. Fjellbygg saksøker Havfisk. Fjellbygg og Nordmat er der.", "utf-8"
    )
    build_store([folder / "news"], folder / "kg.db", options=OPTIONS)
    with open_folder(folder) as store:
        mentions = find_entity(store, "Fjellbygg").mentions
        change = apply_corrections(store, plan_split(store, "Fjellbygg", [place], as_name="Andre Bygg", mentions=[3]))
        assert [row.name for row in change.new] == ["Andre Bygg"]
        assert neighbours(store, "Andre Bygg") == {"org:nordmat"}
        assert find_entity(store, "Fjellbygg").mentions == mentions - 1
        assert list_unmatched(store) == {}
        with pytest.raises(UsageError, match="no mention 9; the document names it 2 times"):
            plan_split(store, "Fjellbygg", [place], mentions=[9])
        with pytest.raises(UsageError, match="all of its mentions"):
            plan_split(store, "Fjellbygg", [place], mentions=[1, 2])
        with pytest.raises(UsageError, match="one document at a time"):
            plan_split(store, "Fjellbygg", [place, str(folder / "news" / "a.txt")], mentions=[1])


def test_distinct_keeps_two_apart(folder: Path) -> None:
    with open_folder(folder) as store:
        apply_corrections(store, plan_merge(store, ["org:fjellbygg", "org:fjelbygg"]))
        change = apply_corrections(store, plan_distinct(store, "Fjellbygg", "Fjelbygg"))
        assert [row.id for row in change.new] == ["org:fjelbygg"]


def test_what_matches_nothing_is_reported_and_kept(folder: Path) -> None:
    with open_folder(folder) as store:
        change = apply_corrections(store, [Correction("drop", {"of": {"name": "Ukjent"}})])
        assert change.empty and list(change.unmatched) == list(list_unmatched(store).items())
        assert len(list_corrections(store)) == 1
        with pytest.raises(UsageError, match="one entity already"):
            plan_merge(store, ["Kari Holm", "person:kari-holm"])
        with pytest.raises(UsageError, match="no type 'FIRM'"):
            plan_retype(store, "Havfisk", "FIRM")
        with pytest.raises(NotFoundError):
            undo_correction(store, 99)


def test_carried_to_another_store(folder: Path) -> None:
    with open_folder(folder) as store:
        apply_corrections(store, plan_merge(store, ["org:fjellbygg", "org:fjelbygg"]))
        apply_corrections(store, plan_rename(store, "Nordmat", 'Nord"mat\n[x]'))
        text, graph = export_corrections(store), dump(store)
    build_store([folder / "news"], folder / "other.db", options=OPTIONS)
    with open_store(folder / "other.db", write=True) as other:
        apply_corrections(other, plan_import(text))
        assert dump(other) == graph


# The commands


def test_commands_ask_before_they_change(run_kg: Run, folder: Path) -> None:
    store = str(folder / "kg.db")
    shown = run_kg("merge", "org:fjellbygg", "org:fjelbygg", "--store", store)
    assert shown.code == 0 and "moves 1 edge" in shown.out
    assert shown.err == "kg: nothing was changed; --yes applies it\n"
    assert run_kg("corrections", "--store", store, "--json").out == "[]\n"
    done = json.loads(run_kg("merge", "org:fjellbygg", "org:fjelbygg", "--yes", "--json", "--store", store).out)
    assert list(done) == ["applied", "gone", "new", "changed", "edges", "unmatched"]
    assert (done["applied"], [row["id"] for row in done["gone"]]) == (True, ["org:fjelbygg"])
    listed = json.loads(run_kg("corrections", "--store", store, "--json").out)
    assert [(row["number"], row["kind"], row["state"]) for row in listed] == [(1, "merge", "applied")]
    assert run_kg("corrections", "undo", "1", "--yes", "--store", store).code == 0
    assert run_kg("show", "Fjelbygg", "--store", store).out.startswith("Fjelbygg  ORG  org:fjelbygg")


def test_every_command_of_the_analyst(run_kg: Run, folder: Path) -> None:
    store = ["--yes", "--store", str(folder / "kg.db")]
    assert run_kg("rename", "Nordmat", "Nordmat Norge", *store).code == 0
    assert run_kg("retype", "Havfisk", "product", *store).code == 0
    assert run_kg("drop", "Kystkraft", *store).code == 0
    assert run_kg("split", "Kari Holm", "--in", str(folder / "news" / "d.txt"), "--name", "Kari Lund", *store).code == 0
    assert run_kg("distinct", "Fjellbygg", "Fjelbygg", *store).code == 0
    listed = run_kg("corrections", "--store", store[-1]).rows()
    assert [row[1] for row in listed] == ["rename", "retype", "drop", "split", "distinct"]
    assert listed[4][2].split(" ≠ ") == ["Fjellbygg", "Fjelbygg"]
    saved = folder / "corrections.toml"
    assert run_kg("corrections", "export", saved, "--store", store[-1]).code == 0
    assert run_kg("corrections", "export", "-", "--store", store[-1]).out == saved.read_text(encoding="utf-8")
    build_store([folder / "news"], folder / "other.db", options=OPTIONS)
    assert run_kg("corrections", "import", saved, "--yes", "--store", folder / "other.db").code == 0
    with open_store(folder / "kg.db") as one, open_store(folder / "other.db") as two:
        assert list(dump_graph(one)) == list(dump_graph(two))


def test_wrong_corrections(run_kg: Run, folder: Path) -> None:
    store = ["--store", str(folder / "kg.db")]
    for args, code in (
        (["merge", "Fjellbygg"], 2), (["merge", "Fjellbygg", "Fjellbygg"], 2), (["merge", "Fjellbygg", "Ukjent"], 3),
        (["retype", "Havfisk", "firm"], 2), (["corrections", "undo"], 2), (["corrections", "undo", "x"], 2),
        (["corrections", "undo", "7"], 3), (["corrections", "import", "none.toml"], 2), (["corrections", "burn"], 2),
        (["drop", "Ukjent"], 3),
    ):  # fmt: skip
        shown = run_kg(*args, *store)
        assert (args, shown.code, shown.out) == (args, code, "")
        assert shown.err
    assert run_kg("drop", "Havfisk", "--store", folder / "none.db").code == 3
    assert not (folder / "none.db").exists()


def test_suggestions_come_with_their_command(run_kg: Run, folder: Path) -> None:
    found = json.loads(run_kg("suggest", "--store", folder / "kg.db", "--json").out)
    assert list(found[0]) == ["kind", "a", "b", "score", "reason", "documents", "command"]
    (slip,) = (row for row in found if {row["a"], row["b"]} == {"org:fjellbygg", "org:fjelbygg"})
    assert "letter apart" in slip["reason"]
    assert run_kg(*slip["command"].split()[1:], "--yes", "--store", folder / "kg.db").code == 0
    assert run_kg("show", "Fjelbygg", "--store", folder / "kg.db").out.startswith("Fjellbygg  ORG")


def test_a_person_at_the_terminal_is_asked(folder: Path) -> None:
    asked = run_in_terminal(["kg", "rename", "Nordmat", "Nordfisk"], folder, answer="y\n")
    assert "Apply? [y/N]" in asked.out
    with open_folder(folder) as store:
        assert find_entity(store, "Nordfisk").name == "Nordfisk"


def test_plan_points_at_names_not_ids(folder: Path) -> None:
    with open_folder(folder) as store:
        (plan,) = plan_rename(store, "person:kari-holm", "Kari")
        assert plan.payload == {"of": [{"name": "Kari Holm", "type": "PERSON"}], "name": "Kari"}
