"""The store: facts in, graph out, whatever happens in between."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kg.errors import NotFoundError, StoreError
from kg.records import Failure, Link
from kg.store import (
    FileState,
    Store,
    add_correction,
    add_file,
    check_store,
    compact_store,
    content,
    dump_graph,
    facts,
    is_stale,
    list_corrections,
    list_skipped,
    open_store,
    read_record,
    refresh,
    remove_correction,
    remove_files,
    schema,
)
from tests.stubs import CORPUS, add_text, list_graph, make_record, resolve_by_id


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store(":memory:", write=True) as opened:
        yield opened


def fill(store: Store, texts: dict[str, str]) -> None:
    for number, (path, text) in enumerate(texts.items()):
        add_text(store, path, text, date=f"2026-01-{number + 1:02}")


def derive(store: Store) -> list[str]:
    refresh(store, resolve_by_id)
    assert check_store(store) == []
    return list(dump_graph(store))


def test_graph_of_a_small_corpus(store: Store) -> None:
    fill(store, {path: CORPUS[path] for path in ("a.txt", "b.txt", "d.txt", "e.txt")})
    derive(store)
    day = ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"]
    assert list(list_graph(store, "entity")) == [
        ["org:fjellbygg", "Fjellbygg", "ORG", 7, 4, 6, 4, day[0], day[3]],
        ["org:havfisk", "Havfisk", "ORG", 3, 2, 3, 3, day[2], day[3]],
        ["org:holm", "Holm", "ORG", 1, 1, 1, 0, day[1], day[1]],
        ["org:kystkraft", "Kystkraft", "ORG", 4, 3, 4, 4, day[0], day[3]],
        ["person:kari-holm", "Kari Holm", "PERSON", 1, 1, 1, 1, day[0], day[0]],
        ["person:ola-strand", "Ola Strand", "PERSON", 1, 1, 1, 2, day[3], day[3]],
        ["place:bratvik", "Bratvik", "PLACE", 2, 2, 2, 2, day[0], day[3]],
    ]
    assert list(list_graph(store, "edge")) == [
        ["org:fjellbygg", "appears_with", "org:kystkraft", 1, 2, 3, "stated", day[0], day[3], 3.0],
        ["org:fjellbygg", "appears_with", "place:bratvik", 1, 2, 2, "stated", day[0], day[3], 1.5],
        ["org:fjellbygg", "conflict_with", "org:havfisk", 1, 1, 0, "stated", day[2], day[2], 2.25],
        ["org:fjellbygg", "owns", "org:havfisk", 1, 1, 0, "denied", day[2], day[2], 2.25],
        ["org:fjellbygg", "owns", "org:kystkraft", 1, 1, 0, "stated", day[1], day[1], 3.0],
        ["org:havfisk", "appears_with", "org:kystkraft", 1, 1, 1, "stated", day[3], day[3], 1.5],
        ["org:havfisk", "appears_with", "person:ola-strand", 1, 1, 1, "stated", day[3], day[3], 0.375],
        ["org:kystkraft", "appears_with", "place:bratvik", 1, 2, 2, "stated", day[0], day[3], 1.0],
        ["person:kari-holm", "leads", "org:fjellbygg", 1, 1, 0, "stated", day[0], day[0], 0.75],
        ["person:ola-strand", "owns", "org:kystkraft", 1, 1, 0, "alleged", day[3], day[3], 0.5],
    ]


def test_copies_of_a_sentence_count_once_and_keep_their_sources(store: Store) -> None:
    add_text(store, "x.txt", "Fjellbygg eier Kystkraft. ja.", date="2026-01-02")
    add_text(store, "y.txt", "nei. Fjellbygg – eier:  Kystkraft.", date="2026-01-01")
    add_text(store, "z.txt", "Fjellbygg eier Kystkraft. ja.", date="2026-01-03", title="Z")
    derive(store)
    assert list(list_graph(store, "edge")) == [
        ["org:fjellbygg", "owns", "org:kystkraft", 1, 2, 0, "stated", "2026-01-01", "2026-01-02", 4 / 2]
    ]
    rows = store.rows("SELECT source, title, date, sources FROM documents ORDER BY source")
    assert rows == [
        ("x.txt", "Z", "2026-01-02", '[["x.txt", null, "2026-01-02"], ["z.txt", "Z", "2026-01-03"]]'),
        ("y.txt", None, "2026-01-01", '[["y.txt", null, "2026-01-01"]]'),
    ]


def test_view_of_evidence_quotes_the_sentence(store: Store) -> None:
    fill(store, {"d.txt": CORPUS["d.txt"]})
    derive(store)
    columns = 'head, relation, tail, sentence, predicate, status, rule, source, date, start, "end"'
    assert store.rows(f"SELECT {columns} FROM evidence ORDER BY relation, start") == [
        ("org:fjellbygg", "conflict_with", "org:havfisk", "Havfisk saksøker Fjellbygg.", "saksøker", "stated",
         "verb saksøker", "d.txt", "2026-01-01", 44, 71),
        ("org:fjellbygg", "owns", "org:havfisk", "Fjellbygg nekter at Fjellbygg eier Havfisk.", "eier", "denied",
         "verb eier", "d.txt", "2026-01-01", 0, 43),
    ]  # fmt: skip


def test_record_comes_back_as_it_was_stored(store: Store) -> None:
    record = make_record("a.txt", CORPUS["c.txt"], date="2026-02-01", title="Strøm")
    spoken = replace(record, links=(replace(record.links[0], speaker=record.entities[0].id), *record.links[1:]))
    add_file(store, FileState("a.txt", "a.txt", "stub"), [spoken])
    derive(store)
    assert read_record(store, record.document.id) == spoken
    with pytest.raises(NotFoundError, match="no document 0000"):
        read_record(store, "0000")


def test_record_that_contradicts_itself_is_refused_whole(store: Store) -> None:
    record = make_record("a.txt", CORPUS["a.txt"])
    wrong = replace(record, links=(*record.links, Link("org:fjellbygg", "owns", "org:nobody", "eier", 0, 5)))
    with pytest.raises(content.RecordError, match="names the entity 'org:nobody', which it does not hold"):
        add_file(store, FileState("a.txt", "a.txt", "stub"), [wrong])
    assert store.rows("SELECT count(*) FROM file UNION ALL SELECT count(*) FROM document") == [(0,), (0,)]


def test_ledger_tells_what_became_of_each_document(store: Store) -> None:
    state = FileState("/x/mail.mbox", "mail.mbox", "stub", "abc", 10, 20)
    failure = Failure("mail.mbox#2", "tag", "took longer than 60 s", passing=True)
    add_file(store, state, [make_record("mail.mbox#1", CORPUS["a.txt"]), failure])
    found = facts.find_file(store, "/x/mail.mbox")
    assert found is not None and found.state == state
    told = [(row.path, row.status, row.stage, row.reason, row.passing, row.hash) for row in found.rows]
    assert told == [
        ("mail.mbox#1", "read", None, None, False, "abc"),
        ("mail.mbox#2", "skipped", "tag", "took longer than 60 s", True, "abc"),
    ]
    assert [row.path for row in list_skipped(store)] == ["mail.mbox#2"]
    assert store.rows("SELECT path, stage, reason, passing, hash FROM skipped") == [
        ("mail.mbox#2", "tag", "took longer than 60 s", 1, "abc")
    ]


def test_undecodable_file_name_and_odd_names_are_kept(store: Store) -> None:
    record = make_record("bad\udcff.txt", "Fjellbygg og 'Drop \"Table' x.", title="\udc80")
    add_file(store, FileState("p", content.printable("bad\udcff.txt"), "stub"), [record])
    derive(store)
    assert store.rows("SELECT source, title FROM documents") == [("bad\\udcff.txt", "\\udc80")]


def test_correction_moves_edges_and_undo_brings_them_back(store: Store) -> None:
    fill(store, CORPUS)
    before = derive(store)
    first = add_correction(store, "merge", {"a": "org:havfisk", "b": "org:kystkraft"}, time="2026-01-01T00:00:00Z")
    derive(store)
    assert ["org:fjellbygg", "owns", "org:kystkraft", 2, 2, 0, "stated"] in [
        row[:7] for row in list_graph(store, "edge")
    ]
    assert not any("org:havfisk" in row for row in list_graph(store, "entity", "edge"))
    assert [(row.id, row.kind, row.payload) for row in list_corrections(store)] == [
        (1, "merge", {"a": "org:havfisk", "b": "org:kystkraft"})
    ]
    assert remove_correction(store, first).kind == "merge"
    assert derive(store) == before
    assert add_correction(store, "merge", {"a": "x", "b": "y"}) == 2
    with pytest.raises(NotFoundError, match="no correction 1"):
        remove_correction(store, 1)


@pytest.mark.parametrize("seed", range(20))
def test_incremental_equals_from_scratch(seed: int) -> None:
    """Added, edited, renamed and deleted at random, refreshed now and then: the graph that a fresh store gives."""
    rng = random.Random(seed)
    texts = [*CORPUS.values(), *(" ".join(rng.sample(list(CORPUS.values()), 2)) for _ in range(6))]
    now: dict[str, tuple[str, str | None]] = {}
    with open_store(":memory:", write=True) as store, open_store(":memory:", write=True) as fresh:
        for step in range(25):
            path = f"{rng.randrange(8)}.txt"
            action = rng.choice(["put", "put", "put", "delete", "rename", "correct", "refresh"])
            if action == "put":
                now[path] = (rng.choice(texts), rng.choice([None, "2026-01-01", "2026-01-02", "2026-01-03"]))
                add_text(store, path, now[path][0], date=now[path][1])
            elif action == "delete" or (action == "rename" and path in now):
                kept = now.pop(path, None)
                remove_files(store, [path])
                if action == "rename" and kept:
                    now[f"new{step}.txt"] = kept
                    add_text(store, f"new{step}.txt", kept[0], date=kept[1])
            elif action == "correct":
                pair = rng.sample(["org:fjellbygg", "org:kystkraft", "org:havfisk", "org:nordmat"], 2)
                add_correction(store, "merge", dict(zip("ab", pair, strict=True)), time="2026-01-01T00:00:00Z")
            elif action == "refresh":
                derive(store)
        for path, (text, date) in rng.sample(sorted(now.items()), len(now)):
            add_text(fresh, path, text, date=date)
        for row in list_corrections(store):
            add_correction(fresh, row.kind, row.payload, time=row.time)
        assert derive(store) == derive(fresh)
        held = "SELECT id FROM document ORDER BY id"
        assert store.rows(held) == fresh.rows(held)


def test_newer_pipeline_takes_the_place_of_the_older_for_every_file(store: Store) -> None:
    add_text(store, "a.txt", CORPUS["a.txt"])
    add_text(store, "copy.txt", CORPUS["a.txt"])
    newer = replace(make_record("a.txt", CORPUS["a.txt"]), pipeline="stub 2")
    add_file(store, FileState("a.txt", "a.txt", "stub"), [newer])
    derive(store)
    assert store.rows("SELECT pipeline, sources FROM documents") == [
        ("stub 2", '[["a.txt", null, null], ["copy.txt", null, null]]')
    ]
    assert store.rows("SELECT count(*) FROM document") == [(1,)]


def test_refresh_that_fails_leaves_the_graph_before_it(store: Store) -> None:
    fill(store, {"a.txt": CORPUS["a.txt"]})
    before = derive(store)
    fill(store, {"b.txt": CORPUS["b.txt"]})
    with pytest.raises(ZeroDivisionError):
        refresh(store, lambda rows: replace(resolve_by_id(rows), resolve=lambda locals: 1 / 0))  # type: ignore[arg-type,return-value]
    assert list(dump_graph(store)) == before
    assert is_stale(store)
    derive(store)
    assert not is_stale(store)
    assert not refresh(store, resolve_by_id)


def test_deleted_text_is_gone_from_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "kg.db"
    with open_store(path, write=True) as store:
        add_text(store, "secret.txt", "Hemmelig Vitne leder Dekkfirma. Uttalelsen var fortrolig.")
        add_text(store, "a.txt", CORPUS["a.txt"])
        derive(store)
    assert b"Hemmelig Vitne" in path.read_bytes()
    with open_store(path, write=True) as store:
        remove_files(store, ["secret.txt"])
        derive(store)
    left = path.read_bytes().lower()
    words = [b"hemmelig", b"vitne", b"dekkfirma", b"fortrolig", b"vit", b"dek"]
    assert [word for word in words if word in left] == []
    assert [file.name for file in tmp_path.iterdir()] == ["kg.db"]
    size = path.stat().st_size
    with open_store(path, write=True) as store:
        compact_store(store)
    assert path.stat().st_size <= size


def test_no_store_and_no_folder_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="make one with: kg build PATH --store"):
        open_store(tmp_path / "none.db")
    with pytest.raises(StoreError, match="is a folder"):
        open_store(tmp_path, write=True)
    with pytest.raises(StoreError, match="does not exist; make it first"):
        open_store(tmp_path / "none" / "kg.db", write=True)
    (tmp_path / "empty.db").touch()
    with pytest.raises(NotFoundError, match="still empty"):
        open_store(tmp_path / "empty.db")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["empty.db"]


def make_foreign(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE t (x)")


def make_text(path: Path) -> None:
    path.write_text("no database\n" * 200)


def make_newer(path: Path) -> None:
    open_store(path, write=True).close()
    with sqlite3.connect(path) as other:
        other.execute(f"PRAGMA user_version={schema.FORMAT + 1}")


def make_trap(path: Path) -> None:
    open_store(path, write=True).close()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TRIGGER t AFTER INSERT ON file BEGIN DELETE FROM source; END")


def make_damaged(path: Path) -> None:
    with open_store(path, write=True) as store:
        fill(store, CORPUS)
    data = bytearray(path.read_bytes())
    data[100:4096] = b"\xff" * 3996
    path.write_bytes(data)


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (make_foreign, "of another program, not a kg store; name another file"),
        (make_text, "damaged or not a kg store"),
        (make_newer, f"has format {schema.FORMAT + 1} and this kg reads format {schema.FORMAT}; update kg"),
        (make_trap, "altered by another program"),
        (make_damaged, "damaged or not a kg store"),
    ],
)
def test_files_that_are_no_sound_store_are_left_alone(tmp_path: Path, make: object, message: str, write: bool) -> None:
    path = tmp_path / "kg.db"
    make(path)  # type: ignore[operator]
    before = path.read_bytes()
    with pytest.raises(StoreError, match=message):
        open_store(path, write=write)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["kg.db"]


def test_store_of_the_format_before_is_brought_to_date_with_its_corrections(tmp_path: Path) -> None:
    path = tmp_path / "kg.db"
    with open_store(path, write=True) as store:
        fill(store, CORPUS)
        add_correction(store, "drop", "{}")
        wanted = derive(store)
    with sqlite3.connect(path) as other:  # as format 4 had it
        other.execute("DROP TABLE sketch_of")
        other.execute("CREATE TABLE sketch_of (hash INTEGER, document INTEGER, PRIMARY KEY (hash, document))")
        other.execute("UPDATE document SET sketch = x'00'")
        other.execute("PRAGMA user_version=4")
    with pytest.raises(StoreError, match=r"has format 4 .* the next kg build brings it up to date"):
        open_store(path)
    with open_store(path, write=True) as store:
        assert derive(store) == wanted
        assert [row.kind for row in list_corrections(store)] == ["drop"]
        assert store.rows("SELECT DISTINCT length(sketch) > 1 OR length(text) < 400 FROM document") == [(1,)]
    with open_store(path) as store:
        assert list(dump_graph(store)) == wanted


def test_damage_inside_is_found_by_the_check(tmp_path: Path) -> None:
    path = tmp_path / "kg.db"
    with open_store(path, write=True) as store:
        fill(store, CORPUS)
        derive(store)
    data = bytearray(path.read_bytes())
    at = data.rindex(b"Bratvik")
    page = at // 4096 * 4096
    data[page : page + 200] = b"\x7f" * 200
    path.write_bytes(data)
    with open_store(path) as store:
        assert check_store(store) != []


def test_full_disk_is_said_and_nothing_committed_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "kg.db"
    with open_store(path, write=True) as store:
        pages = store.value("PRAGMA page_count")
        store.run(f"PRAGMA max_page_count={pages + 12}")
        with pytest.raises(StoreError, match="is full; free some space and run the same command again"):
            for number in range(1_000):
                add_text(store, f"{number}.txt", f"{CORPUS['a.txt']} Fjellbygg{'x' * number} er her.")
        kept = number
        assert store.value("SELECT count(*) FROM file") == kept > 0
    with open_store(path, write=True) as store:
        add_text(store, f"{kept}.txt", CORPUS["b.txt"])
        derive(store)
        assert store.value("SELECT count(*) FROM shown") == kept + 1


def test_second_writer_is_told_who_holds_the_store(tmp_path: Path) -> None:
    path = tmp_path / "kg.db"
    with open_store(path, write=True):
        with pytest.raises(StoreError, match=f"being written by process {os.getpid()} on .* wait until it is done"):
            open_store(path, write=True)
        link = tmp_path / "link.db"
        link.symlink_to(path)
        with pytest.raises(StoreError, match="being written by process"):
            open_store(link, write=True)
    open_store(path, write=True).close()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["kg.db", "link.db"]


def test_killed_writer_leaves_no_lock_and_a_sound_store(tmp_path: Path) -> None:
    path = tmp_path / "kg.db"
    script = (
        "import sys, time; from kg.store import open_store; from tests.stubs import add_text, CORPUS\n"
        "store = open_store(sys.argv[1], write=True); add_text(store, 'a.txt', CORPUS['a.txt'])\n"
        "store.run('BEGIN IMMEDIATE'); store.run('DELETE FROM source'); store.run('DELETE FROM document')\n"
        "print('ready', flush=True); time.sleep(60)"
    )
    writer = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
    with pytest.raises(StoreError, match=f"being written by process {writer.pid} "):
        open_store(path, write=True)
    with open_store(path) as reader:
        assert reader.value("SELECT count(*) FROM document") == 1
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    with open_store(path) as reader:
        assert reader.value("SELECT count(*) FROM document") == 1
    with open_store(path, write=True) as store:
        assert check_store(store) == []
        assert store.value("SELECT count(*) FROM document") == 1
    assert [file.name for file in tmp_path.iterdir()] == ["kg.db"]


def test_reader_undoes_what_a_killed_writer_left_in_rollback_mode(tmp_path: Path) -> None:
    path = tmp_path / "kg.db"
    open_store(path, write=True).close()
    script = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('PRAGMA cache_size=1'); c.execute('BEGIN')\n"
        "c.execute(\"INSERT INTO meta SELECT 'x' || value, zeroblob(5000) FROM json_each('[1,2,3,4,5,6,7,8,9]')\")\n"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert (tmp_path / "kg.db-journal").exists()
    with open_store(path) as store:
        assert store.rows("SELECT name FROM meta") == [("sentences",)]
    assert [file.name for file in tmp_path.iterdir()] == ["kg.db"]


def test_reader_sees_one_state_and_may_not_write(tmp_path: Path) -> None:
    path = tmp_path / "kg.db"
    with open_store(path, write=True) as store:
        fill(store, {"a.txt": CORPUS["a.txt"]})
        derive(store)
        with open_store(path) as reader:
            before = list(dump_graph(reader))
            fill(store, CORPUS)
            derive(store)
            assert list(dump_graph(reader)) == before
            with pytest.raises(StoreError, match="open for reading only"), reader.transaction():
                pass
            with pytest.raises(StoreError, match="cannot be opened for this"):
                reader.run("DELETE FROM document")
        with open_store(path) as reader:
            assert list(dump_graph(reader)) == list(dump_graph(store)) != before


AS_NOBODY = """
import os, sys
sys.path.insert(0, sys.argv[1])
from kg.errors import StoreError
from kg.store import dump_graph, open_store
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
with open_store("kg.db") as store:
    print(len(list(dump_graph(store))))
for path in ("kg.db", "new.db", "closed/kg.db"):
    try:
        open_store(path, write=True)
    except StoreError as error:
        print(error)
"""


def test_folder_that_may_not_be_written_is_said() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "closed").mkdir(mode=0)
        with open_store(folder / "kg.db", write=True) as store:
            fill(store, CORPUS)
            rows = len(derive(store))
        (folder / "kg.db").chmod(0o444)
        folder.chmod(0o555)
        command = [sys.executable, "-c", AS_NOBODY, str(Path(__file__).parent.parent)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        folder.chmod(0o755)
    assert done.stderr == ""
    place = folder.resolve()
    assert done.stdout.splitlines() == [
        str(rows),
        f"the store {place}/kg.db is read-only; copy it, or change its permissions",
        f"cannot write beside the store {place}/new.db; choose a folder that you may write in",
        "cannot reach closed/kg.db (Permission denied); check its name and permissions",
    ]


def test_format_has_a_number_of_its_own() -> None:
    """Whoever changes a table, an index or a view gives the format the next number, so that older stores are told."""
    script = schema.FACTS + schema.DERIVED + schema.VIEWS
    assert (schema.FORMAT, hashlib.sha256(script.encode()).hexdigest()[:12]) == (5, "67d81b010a7f")


def test_every_table_of_the_format_is_documented_and_there(store: Store) -> None:
    made = {str(row[0]) for row in store.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
    shadows = {name for name in made if name.startswith(("alias_", "document_words_", "sqlite_"))}
    assert made - shadows | {"alias_words", "alias_grams"} == set(schema.TABLES)
    views = store.rows("SELECT name FROM sqlite_master WHERE type = 'view' ORDER BY name")
    assert [row[0] for row in views] == ["documents", "edges", "entities", "evidence", "skipped"]
