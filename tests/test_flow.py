"""The whole build: resumable, incremental, the same in any order and with any number of workers."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from kg.errors import NotFoundError, StoreError, UsageError
from kg.flow import Options, Summary, build_store, refresh_graph, remove_sources, tag_paths
from kg.graph import build
from kg.records import Document, Entity, Failure, Link, Mention, Record
from kg.resolve import Correction, resolve_corpus
from kg.settings import Settings
from kg.store import (
    FileState,
    Store,
    add_correction,
    add_file,
    check_store,
    dump_graph,
    facts,
    is_stale,
    list_corrections,
    list_skipped,
    open_store,
    read_record,
    remove_correction,
    remove_files,
)
from kg.text import document_id
from tests.stubs import CORPUS, load_stubs

INLINE = Options(lang="nb", workers=0, load=load_stubs)
ROOT = Path(__file__).parent.parent
LONG_AGO = 1_700_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "news"
    made.mkdir()
    for name, text in CORPUS.items():
        write(made / name, text)
    return made


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    os.utime(path, (LONG_AGO, LONG_AGO + len(text)))


def run(paths: Iterable[Path] | Path, store: Path, options: Options = INLINE) -> Summary:
    return build_store([paths] if isinstance(paths, Path) else paths, store, options=options)


def counts(summary: Summary) -> tuple[int, int, int, int]:
    return summary.seen, summary.read, summary.unchanged, len(summary.skipped)


def dump(store: Path) -> str:
    with open_store(store) as opened:
        assert check_store(opened) == []
        assert not is_stale(opened)
        return "\n".join(dump_graph(opened))


def test_summary_and_repeat(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "kg.db"
    (folder / "empty.txt").touch()
    first = run(folder, store)
    assert counts(first) == (7, 6, 0, 1)
    assert [(f.source, f.stage) for f in first.skipped] == [(str(folder / "empty.txt"), "read")]
    assert (first.mentions, first.sentences, first.characters) == (30, 12, sum(map(len, CORPUS.values())))
    assert sum(first.pipelines.values()) == 6 and {name for name, _ in first.pipelines} == {"stub 1"}
    assert (first.totals["documents"], first.totals["skipped"]) == (6, 1)
    before = dump(store)
    again = run(folder, store)
    assert counts(again) == (7, 0, 6, 1)
    assert again.skipped == first.skipped
    assert dump(store) == before


def test_store_among_its_documents_is_none_of_them(folder: Path) -> None:
    for _ in range(2):
        assert counts(run(folder, folder / "kg.db"))[::3] == (6, 0)


def test_text_that_moves_to_another_file_as_its_own_is_edited_is_not_tagged_again(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "kg.db"
    run(folder, store)
    write(folder / "x.txt", CORPUS["a.txt"])
    write(folder / "a.txt", "Nordmat eier alt.")
    assert counts(run([folder / "a.txt", folder / "x.txt"], store)) == (2, 1, 1, 0)


def test_nothing_named_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name at least one file"):
        run([], tmp_path / "kg.db")
    missing = run(tmp_path / "none", tmp_path / "kg.db")
    assert [(f.stage, f.reason) for f in missing.skipped] == [("read", "there is no such file or folder")]
    with open_store(tmp_path / "kg.db") as store:
        assert list_skipped(store) == []


def test_each_kind_of_change_reads_only_what_it_must(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "kg.db"
    run(folder, store)
    os.utime(folder / "a.txt", (LONG_AGO, LONG_AGO + 1_000))
    assert counts(run(folder, store)) == (6, 0, 6, 0)
    (folder / "b.txt").rename(folder / "renamed.txt")
    assert counts(run(folder, store, replace(INLINE, prune=True))) == (6, 0, 6, 0)
    write(folder / "c.txt", "Ny Leder leder Kystkraft.")
    assert counts(run(folder, store)) == (6, 1, 5, 0)
    shutil.copy(folder / "d.txt", folder / "copy.txt")
    assert counts(run(folder, store)) == (7, 0, 7, 0)
    (folder / "e.txt").unlink()
    assert run(folder, store).removed == 0
    assert run(folder, store, replace(INLINE, prune=True)).removed == 1
    fresh = tmp_path / "fresh.db"
    run(folder, fresh)
    assert dump(store) == dump(fresh)


def test_edit_that_keeps_size_and_time_is_seen_when_it_was_fresh(folder: Path, tmp_path: Path) -> None:
    store, path = tmp_path / "kg.db", folder / "a.txt"
    path.write_text("Fjellbygg eier Kystkraft.")
    at = path.stat()
    run(folder, store)
    path.write_text("Fjellbygg eier Nordmatxx.")
    os.utime(path, ns=(at.st_atime_ns, at.st_mtime_ns))
    assert counts(run(folder, store)) == (6, 1, 5, 0)


def test_other_patterns_or_language_read_all_anew(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "kg.db"
    run(folder, store)
    assert counts(run(folder, store, replace(INLINE, lang="nn"))) == (6, 6, 0, 0)
    assert counts(run(folder, store, replace(INLINE, lang="nn"))) == (6, 0, 6, 0)
    with pytest.raises(UsageError, match="cannot read the pattern file none"):
        run(folder, store, replace(INLINE, patterns=("none.toml",)))


def test_missing_folder_prunes_nothing(folder: Path, tmp_path: Path) -> None:
    store, prune = tmp_path / "kg.db", replace(INLINE, prune=True)
    run(folder, store)
    before = dump(store)
    away = folder.rename(tmp_path / "away")
    assert run(folder, store, prune).removed == 0
    assert dump(store) == before
    away.rename(folder)
    (folder / "a.txt").unlink()
    assert run(folder / "b.txt", store, prune).removed == 1


def test_file_name_that_is_no_text(folder: Path, tmp_path: Path) -> None:
    store, odd = tmp_path / "kg.db", os.fsencode(folder) + b"/\xff\xfe.txt"
    Path(os.fsdecode(odd)).write_text("Nordmat eier Havfisk.")
    os.utime(odd, (LONG_AGO, LONG_AGO))
    prune = replace(INLINE, prune=True)
    assert counts(run(folder, store, prune)) == (7, 7, 0, 0)
    again = run(folder, store, prune)
    assert (counts(again), again.removed) == ((7, 0, 7, 0), 0)
    Path(os.fsdecode(odd)).unlink()
    assert run(folder, store, prune).removed == 1


def test_removed_documents_leave_the_graph_of_the_rest(folder: Path, tmp_path: Path) -> None:
    store, fresh = tmp_path / "kg.db", tmp_path / "fresh.db"
    run(folder, store)
    with open_store(store, write=True) as opened:
        d = facts.find_file(opened, str(folder / "d.txt"))
        assert d is not None and d.rows[0].document is not None
        assert remove_sources(opened, [str(folder / "a.txt"), d.rows[0].document]) == 2
        with pytest.raises(NotFoundError, match="holds no file, folder or document"):
            remove_sources(opened, [str(folder / "a.txt")])
    (folder / "a.txt").unlink()
    (folder / "d.txt").unlink()
    run(folder, fresh)
    assert dump(store) == dump(fresh)
    with open_store(store, write=True) as opened:
        assert remove_sources(opened, [str(folder)]) == 4
        assert list(dump_graph(opened)) == []


def test_failure_of_one_document_costs_no_other_its_place(folder: Path, tmp_path: Path) -> None:
    store, clean = tmp_path / "kg.db", tmp_path / "clean.db"
    run(folder, clean)
    for name, text in {"b1.txt": "HENGER her", "c1.txt": "KRASJER her", "d1.txt": "FEILER her"}.items():
        write(folder / name, text)
    limits = Settings(document_seconds=1.5, worker_megabytes=500)
    options = replace(INLINE, workers=2, settings=limits)
    summary = run(folder, store, options)
    assert counts(summary) == (9, 6, 0, 3)
    with open_store(store) as opened:
        told = [(Path(r.path).name, r.stage, r.reason, r.passing, r.hash) for r in list_skipped(opened)]
    hashes = [hashlib.sha256(f"{word} her".encode()).hexdigest() for word in ("HENGER", "KRASJER", "FEILER")]
    assert told == [
        ("b1.txt", "tag", "took longer than 1.5 s; raise the limit with --max-seconds", True, hashes[0]),
        ("c1.txt", "tag", "ended its worker process (exit code 9)", True, hashes[1]),
        ("d1.txt", "tag", "failed unexpectedly (ValueError: no good)", False, hashes[2]),
    ]
    assert dump(store) == dump(clean)
    assert counts(run(folder, store, options)) == (9, 0, 6, 3)
    write(folder / "b1.txt", "henger ikke mer.")
    retry = replace(INLINE, retry_skipped=True)
    (folder / "c1.txt").unlink()
    assert counts(run(folder, store, retry)) == (8, 1, 6, 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_order_and_workers_change_nothing(folder: Path, tmp_path: Path, workers: int) -> None:
    one, other = tmp_path / "one.db", tmp_path / "other.db"
    run(folder, one)
    paths = sorted(folder.iterdir())
    random.Random(workers).shuffle(paths)
    assert run(paths[:4], other, replace(INLINE, workers=workers)).read == 4
    assert run(paths, other, replace(INLINE, workers=workers)).read == 2
    assert dump(one) == dump(other)


SCRIPT = """
import sys, time
from kg.flow import Options, build_store
from tests.stubs import load_stubs
def tell(done, total, characters):
    print("at work", flush=True)
    time.sleep(float(sys.argv[3]))
if __name__ == "__main__":
    options = Options(lang="nb", workers=0, load=load_stubs)
    build_store([sys.argv[1]], sys.argv[2], options=options, progress=tell)
"""


def start(folder: Path, store: Path, pause: float = 0.0) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", SCRIPT, str(folder), str(store), str(pause)]
    return subprocess.Popen(command, cwd=ROOT, start_new_session=True, stdout=subprocess.PIPE)


def make_many(folder: Path, documents: int) -> None:
    rng = random.Random(1)
    for number in range(documents):
        texts = rng.sample(list(CORPUS.values()), 3)
        write(folder / f"m{number:03}.txt", f"{' '.join(texts)} Firma{chr(97 + number % 26)} er her.")


def test_killed_at_any_moment_and_resumed_gives_the_same_graph(folder: Path, tmp_path: Path) -> None:
    make_many(folder, 250)
    whole, store = tmp_path / "whole.db", tmp_path / "kg.db"
    started = time.monotonic()
    assert start(folder, whole, 0.004).wait() == 0
    took = time.monotonic() - started
    rng = random.Random(7)
    kept = []
    for _ in range(6):
        builder = start(folder, store, 0.004)
        time.sleep(rng.uniform(0.3, 0.5) * took)
        os.killpg(builder.pid, signal.SIGKILL)
        builder.wait()
        if store.exists() and store.stat().st_size:
            with open_store(store) as opened:
                assert check_store(opened) == []
                kept.append(opened.value("SELECT count(*) FROM file"))
    assert kept == sorted(kept)
    assert 0 < kept[0] < 256
    assert start(folder, store).wait() == 0
    assert dump(store) == dump(whole)


def test_second_builder_is_told_and_readers_see_whole_states(folder: Path, tmp_path: Path) -> None:
    make_many(folder, 120)
    store = tmp_path / "kg.db"
    run(folder / "a.txt", store)
    states, troubles = set(), []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                with open_store(store) as opened:
                    weights = opened.rows("SELECT head, relation, tail, weight FROM edges ORDER BY 1, 2, 3")
                    counted = opened.rows(
                        "SELECT head, relation, tail, count(DISTINCT print) FROM evidence GROUP BY 1, 2, 3"
                    )
                    states.add(opened.value("SELECT count(*) FROM documents"))
                    if weights != counted:
                        troubles.append("edges differ from their evidence")
            except Exception as error:
                troubles.append(repr(error))

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    builder = start(folder, store, 0.01)
    assert builder.stdout is not None and builder.stdout.readline() == b"at work\n"
    with pytest.raises(StoreError, match=f"is being written by process {builder.pid} on"):
        open_store(store, write=True)
    assert builder.wait() == 0
    done.set()
    for reader in readers:
        reader.join()
    assert troubles == []
    with open_store(store) as opened:
        assert states == {1, opened.value("SELECT count(*) FROM documents")}


def test_interrupted_build_shows_what_it_kept(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "kg.db"

    def stop(done: int, total: int, characters: int) -> None:
        assert total == 6
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_store([folder], store, options=INLINE, progress=stop)
    with open_store(store) as opened:
        assert opened.value("SELECT count(*) FROM documents") == 3
    assert counts(run(folder, store)) == (6, 3, 3, 0)


def test_store_left_stale_by_a_kill_is_made_whole_by_the_next_build(folder: Path, tmp_path: Path) -> None:
    store, whole = tmp_path / "kg.db", tmp_path / "whole.db"
    run(folder, whole)
    run([folder / "a.txt"], store)
    with open_store(store, write=True) as opened, open_store(whole) as other:
        for place in facts.list_places(other):
            found = facts.find_file(other, place)
            assert found is not None
            records = [read_record(other, str(row.document)) for row in found.rows]
            add_file(opened, found.state, records)
        assert is_stale(opened)
    assert counts(run(folder, store)) == (6, 0, 6, 0)
    assert dump(store) == dump(whole)
    with open_store(store, write=True) as opened:
        assert not refresh_graph(opened)


POOL = {
    "Jan Hansen": ("Jan Hansen", "Hansen"),
    "Jan A. Hansen": ("Jan A. Hansen",),
    "Jan B. Hansen": ("Jan B. Hansen", "Jan Hansen"),
    "Hansen": ("Hansen",),
    "Kristoffer Jarosjevskij": ("Kristoffer Jarosjevskij",),
    "Christoffer Jarosjevskij": ("Christoffer Jarosjevskij",),
    "Nordlandske Havbruksforening": ("Nordlandske Havbruksforening", "NHF"),
    "Norsk Hestesportforbund": ("Norsk Hestesportforbund", "NHF"),
    "NHF": ("NHF",),
    "Fjellkrafts": ("Fjellkrafts",),
    "Fjellkraft": ("Fjellkraft",),
    "Bergs": ("Bergs",),
    "Berg": ("Berg",),
    **{f"{word}bygg": (f"{word}bygg",) for word in ("Nord", "Sør", "Vest", "Aust", "Midt", "Ytre", "Indre")},
}


def make_document(rng: random.Random, number: int) -> Record:
    """One to six entities, those of people and companies, each by all the names its document has for it."""
    chosen = rng.sample(sorted(POOL), rng.randint(1, 6))
    text, mentions, entities, links = f"{number}.", [], [], []
    for place, name in enumerate(chosen):
        person = "Hansen" in name or "Jaros" in name
        kind = "PERSON" if person else rng.choice(["ORG", "ORG", "PLACE"]) if name.startswith("Berg") else "ORG"
        entities.append(Entity(f"{kind.lower()}:{place}", name, kind))
        for form in POOL[name]:
            mentions.append(
                Mention(len(text) + 1, len(text) + 1 + len(form), form, kind, entities[-1].id, form, "rule")
            )
            text += f" {form}"
    for a, b in pairwise(entities):
        links.append(Link(min(a.id, b.id), "appears_with", max(a.id, b.id), "", 0, len(text)))
    document = Document(document_id(text), f"{number}.txt", text, None, rng.choice([None, "2026-01-01", "2026-01-02"]))
    return Record(document, ((0, len(text)),), tuple(mentions), tuple(entities), tuple(links), "stub")


def put(store: Store, record: Record) -> None:
    add_file(store, FileState(record.document.source, record.document.source, "stub"), [record])


def correct_at_random(rng: random.Random, record: Record) -> tuple[str, dict[str, object]]:
    one, other = ({"name": name} for name in rng.sample(sorted(POOL), 2))
    mention = rng.choice(record.mentions)
    single = {"mentions": [[record.document.id, mention.start, mention.end]]}
    return rng.choice(
        [
            ("merge", {"a": one, "b": other}),
            ("distinct", {"a": one, "b": {**other, "documents": [record.document.id]}}),
            ("split", {"of": {**one, "documents": [record.document.id]}, "name": "Ole Vik"}),
            ("split", {"of": single}),
            ("merge", {"a": single, "b": other}),
            ("rename", {"of": one, "name": "Vestbygg"}),
            ("retype", {"of": one, "type": "PLACE"}),
            ("drop", {"of": one}),
        ]
    )


@pytest.mark.parametrize("seed", range(12))
def test_resolving_block_by_block_is_resolving_all_at_once(seed: int) -> None:
    """Documents and corrections come and go in any order: the graph is that of a fresh store, and of one resolution."""
    rng = random.Random(seed)
    records = [make_document(rng, number) for number in range(40)]
    held: dict[str, Record] = {}
    with open_store(":memory:", write=True) as store, open_store(":memory:", write=True) as fresh:
        for _ in range(60):
            record, action = rng.choice(records), rng.random()
            if action < 0.6:
                held[record.document.source] = record
                put(store, record)
            elif action < 0.75 and held:
                gone = rng.choice(sorted(held))
                del held[gone]
                remove_files(store, [gone])
            elif action < 0.85:
                add_correction(store, *correct_at_random(rng, record), time="2026-01-01T00:00:00Z")
            elif action < 0.9 and (rows := list_corrections(store)):
                remove_correction(store, rng.choice(rows).id)
            else:
                refresh_graph(store)
        refresh_graph(store)
        for source in rng.sample(sorted(held), len(held)):
            put(fresh, held[source])
        numbers = [row.id for row in list_corrections(store)]
        for row in list_corrections(store):
            fresh.run(
                "INSERT INTO correction VALUES (?, ?, ?, ?)", (row.id, row.time, row.kind, json.dumps(row.payload))
            )
        refresh_graph(fresh)
        assert check_store(store) == []
        assert list(dump_graph(store)) == list(dump_graph(fresh))
        given = [Correction(row.kind, row.payload, row.id) for row in list_corrections(store)]
        whole = resolve_corpus(list(facts.stream_locals(store)), corrections=given)
        told = store.rows(
            "SELECT w.id, l.id, e.id, e.name, e.type, o.reason FROM entity_of o JOIN local l ON l.key = o.local "
            "JOIN shown w ON w.document = l.document JOIN entity e ON e.key = o.entity"
        )
        assert {row[:3] for row in told} == {(*here, id) for here, id in whole.assignment.items()}
        assert {(row[2], row[3], row[4]) for row in told} == {(e.id, e.name, e.type) for e in whole.entities.values()}
        assert {(row[:2], row[5]) for row in told} == set(whole.reasons.items())
        assert numbers == sorted(numbers)


def test_standard_input_is_kept_beside_what_came_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "kg.db"
    told = []
    for text in ("Fjellbygg eier Kystkraft.", "Nordmat eier Havfisk.", "Nordmat eier Havfisk."):
        path = tmp_path / "in"
        path.write_text(text)
        with path.open() as stream:
            monkeypatch.setattr(sys, "stdin", stream)
            told.append(counts(build_store(["-"], store, options=INLINE)))
    assert told == [(1, 1, 0, 0), (1, 1, 0, 0), (1, 0, 1, 0)]
    with open_store(store) as opened:
        assert opened.rows("SELECT source FROM documents") == [("-",), ("-",)]


def test_tagging_without_a_store(folder: Path) -> None:
    write(folder / "b1.txt", "FEILER her")
    results = list(tag_paths([folder / "a.txt", folder / "none", folder / "b1.txt"], INLINE))
    assert [(type(r), r.document.source if isinstance(r, Record) else r.source) for r in results] == [
        (Record, str(folder / "a.txt")),
        (Failure, str(folder / "none")),
        (Failure, str(folder / "b1.txt")),
    ]


def test_graph_in_memory_from_paths_and_texts(folder: Path) -> None:
    graph = build([folder / "a.txt", "Fjellbygg eier Kystkraft. Det er i Tromsø."], options=INLINE)
    assert sorted(graph.nodes) == [
        "org:det", "org:fjellbygg", "org:kystkraft", "person:kari-holm", "place:bratvik", "place:tromso",
    ]  # fmt: skip
    assert graph.edges["org:fjellbygg", "org:kystkraft", "owns"]["evidence"][0]["source"] == "text:1"
    assert graph.graph["skipped"] == []
    with pytest.raises(UsageError, match="none of the documents could be read"):
        build("no-such-file.txt", options=INLINE)
