"""The store at the size of a newsroom's archive: questions, one more document, memory, speed. Each prints a table.

    python benchmarks/scale.py make --store big.db          100,000 documents, 200,000 entities, 1,000,000 edges
    python benchmarks/scale.py neighbours --store big.db    against importing Typer, and against GraphML
    python benchmarks/scale.py look --store big.db          every other question
    python benchmarks/scale.py add --store big.db           one document more, edited, and removed
    python benchmarks/scale.py memory                       of the building process, after 2,000 and 20,000 documents
    python benchmarks/scale.py speed --texts FOLDER         words a second against the bare pipeline; two workers

Two things that are compared are run in turn, so that whatever else the machine does weighs on both alike; ratios are of
medians. Run with the checkout as the working folder, or kg installed. Exit code 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # a checkout needs no installation

import corpus

from kg.flow import Options, build_store, refresh_graph
from kg.store import FileState, Store, add_file, check_store, lookup, open_store, remove_files

ARTICLE_WORDS = 500  # at least, of each article of speed
BATCH = 1_000  # documents a transaction when a store is made
Row = tuple[str, str, str, bool | None]


def print_table(rows: Sequence[Row]) -> None:
    """Markdown; exit code 1 where a bar is missed."""
    print("| what | measured | bar | |\n|---|---|---|---|")
    for what, measured, bar, met in rows:
        print(f"| {what} | {measured} | {bar} | {'' if met is None else 'yes' if met else 'NO'} |")
    if any(met is False for *_, met in rows):
        raise SystemExit(1)


def peak_megabytes() -> float:
    """Most memory this process has held (MB, resident)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def timed(what: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    print(f"{what}: {time.perf_counter() - started:.1f} s, peak {peak_megabytes():.0f} MB", file=sys.stderr, flush=True)


def make(args: argparse.Namespace) -> None:
    path = Path(args.store)
    path.unlink(missing_ok=True)
    records = corpus.make_records(random.Random(0), documents=args.documents, entities=args.documents * 2)
    started = time.perf_counter()
    with open_store(path, write=True) as store:
        with timed("facts"):
            while batch := list(islice(records, BATCH)):
                with store.transaction():
                    for record in batch:
                        state = FileState(record.document.source, record.document.source, "made", record.document.id, 0)
                        add_file(store, state, [record])
        between = time.perf_counter()
        with timed("derive"):
            refresh_graph(store)
        derived = time.perf_counter() - between
        totals = lookup.count_all(store)
    rows: list[Row] = [(name, f"{number:,}", "", None) for name, number in totals.items()]
    rows += [
        ("facts written", f"{between - started:.0f} s", "", None),
        ("graph derived, first time", f"{derived:.0f} s", "minutes", derived < 1_200),
        ("peak memory", f"{peak_megabytes():.0f} MB", "", None),
        ("size of the store", f"{path.stat().st_size / 1e6:,.0f} MB", "", None),
    ]
    print_table(rows)


def kg(*args: str) -> list[str]:
    return [sys.executable, "-m", "kg", *args]


def time_command(command: Sequence[str]) -> float:
    """Seconds of wall time. Raises CalledProcessError where the command fails."""
    started = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - started


def pick_names(store: Store) -> dict[str, str]:
    """Ids of the entity with most neighbours, and of one with the usual number."""
    hub = lookup.rank_entities(store, "degree", limit=1)[0]
    (usual,) = store.rows("SELECT id FROM entity ORDER BY abs(degree - 10), id LIMIT 1")
    (other,) = store.rows("SELECT id FROM entity WHERE degree BETWEEN 8 AND 12 ORDER BY id DESC LIMIT 1")
    return {"hub": hub.id, "usual": usual[0], "other": other[0]}


def neighbours(args: argparse.Namespace) -> None:
    with open_store(args.store) as store:
        names = pick_names(store)
    base = [sys.executable, "-c", "import typer"]
    commands = {
        "typer": base,
        **{kind: kg("neighbours", names[kind], "--store", args.store) for kind in ("usual", "hub")},
        "limited": kg("neighbours", names["hub"], "--limit", "20", "--store", args.store),
    }
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(args.rounds + 1):
        for name, command in commands.items():
            seconds = time_command(command)
            if number:  # the first fills the caches
                taken[name].append(seconds)
    median = {name: statistics.median(times) for name, times in taken.items()}
    rows: list[Row] = [("import typer", f"{median['typer'] * 1000:.0f} ms", "", None)]
    for name, what in (("usual", "10 neighbours"), ("limited", "hub, --limit 20"), ("hub", "hub, all")):
        ratio = median[name] / median["typer"]
        bar = None if name == "hub" else ratio <= 3
        rows.append((f"kg neighbours, {what}", f"{median[name] * 1000:.0f} ms = {ratio:.2f} ×", "≤ 3 ×", bar))
    if args.graphml:
        slow = time_graphml(args.store, names["usual"])
        ratio = slow / median["usual"]
        rows.append(("read_graphml and the same question", f"{slow:.0f} s = {ratio:.0f} ×", "≥ 20 ×", ratio >= 20))
    print_table(rows)


READ = """
import sys, networkx
graph = networkx.read_graphml(sys.argv[1], force_multigraph=True)
print(len(set(graph.successors(sys.argv[2])) | set(graph.predecessors(sys.argv[2]))))
"""


def time_graphml(store: str, name: str) -> float:
    """Seconds to read the same graph with networkx (written bare, without evidence, in its favour) and to look up."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.graphml"
        write_bare(store, path)
        return time_command([sys.executable, "-c", READ, str(path), name])


def write_bare(store: str, path: Path) -> None:
    from xml.sax.saxutils import quoteattr

    with open_store(store) as opened, path.open("w", encoding="utf-8") as out:
        out.write('<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n')
        out.write('<key id="w" for="edge" attr.name="weight" attr.type="int"/>\n<graph edgedefault="directed">\n')
        ids = {}
        for row in lookup.stream_entities(opened):
            ids[row.key] = quoteattr(row.id)
            out.write(f"<node id={ids[row.key]}/>\n")
        for edge in lookup.stream_edges(opened):
            ends = f"source={ids[edge.head]} target={ids[edge.tail]}"
            out.write(f'<edge {ends}><data key="w">{edge.weight}</data></edge>\n')
        out.write("</graph>\n</graphml>\n")


def look(args: argparse.Namespace) -> None:
    with open_store(args.store) as store:
        names = pick_names(store)
        word = store.value("SELECT name FROM entity WHERE type = 'PERSON' ORDER BY mentions DESC LIMIT 1").split()[-1]
        slip = store.value("SELECT name FROM entity WHERE id = ?", (names["usual"],))
    slip = slip[:3] + slip[4:]
    asked: dict[str, tuple[list[str], float]] = {
        "neighbours --depth 2": (["neighbours", names["usual"], "--depth", "2", "--limit", "50"], 1),
        "neighbours of the hub, --depth 2": (["neighbours", names["hub"], "--depth", "2", "--limit", "50"], 30),
        "neighbours of the hub, --since": (["neighbours", names["hub"], "--since", "2020", "--limit", "50"], 5),
        "path": (["path", names["usual"], names["other"]], 2),
        "path from the hub": (["path", names["hub"], names["usual"]], 2),
        "evidence": (["evidence", names["hub"], names["hub"]], 1),
        "show": (["show", names["usual"]], 1),
        "show the hub": (["show", names["hub"]], 5),
        "search, a common word": (["search", word], 2),
        "search, misspelt": (["search", slip], 1),
        "top": (["top"], 1),
        "stats": (["stats"], 2),
    }
    rows: list[Row] = []
    for what, (arguments, bar) in asked.items():
        if what == "evidence":
            with open_store(args.store) as store:
                arguments[2] = neighbour_of(store, names["hub"])
        seconds = statistics.median(time_command(kg(*arguments, "--store", args.store)) for _ in range(args.rounds))
        rows.append((f"kg {what}", f"{seconds:.2f} s", f"≤ {bar:g} s", seconds <= bar))
    print_table(rows)


def neighbour_of(store: Store, id: str) -> str:
    entity = lookup.get_entity(store, id)
    assert entity is not None
    keys = lookup.rank_neighbours(store, entity.key, limit=1)
    return lookup.get_entities(store, keys)[keys[0]].id


def add(args: argparse.Namespace) -> None:
    """One document of usual names and one of hubs: added, edited, removed."""
    rng = random.Random(5)
    hubs = corpus.make_truth(random.Random(0), args.entities)[: corpus.HUBS]
    three = [rng.sample(hubs[:5], 3) for _ in range(corpus.SENTENCES)]
    famous = [corpus.make_record(rng, 900_000 + n, three[n:]) for n in range(2)]
    circle = [hubs[40 + 3 * n : 43 + 3 * n] for n in range(corpus.SENTENCES)]
    plain = [corpus.make_record(rng, 910_000 + n, circle[n:]) for n in range(2)]
    rows: list[Row] = []
    for what, (first, second) in {"usual names": plain, "names of the five greatest hubs": famous}.items():
        steps: dict[str, Callable[[Store], object]] = {
            "added": lambda store, record=first: add_file(store, FileState("new", "new", "made"), [record]),
            "edited": lambda store, record=second: add_file(store, FileState("new", "new", "made"), [record]),
            "removed": lambda store: remove_files(store, ["new"]),
        }
        for step, change in steps.items():
            started = time.perf_counter()
            with open_store(args.store, write=True) as store:
                change(store)
                refresh_graph(store)
                lookup.count_all(store)
            seconds = time.perf_counter() - started
            bar = seconds <= 2 if step == "added" else None
            rows.append((f"1 document {step}, {what}", f"{seconds:.2f} s", "≤ 2 s" if step == "added" else "", bar))
    print_table(rows)


def doctor(args: argparse.Namespace) -> None:
    started = time.perf_counter()
    with open_store(args.store) as store:
        problems = check_store(store)
    rows: list[Row] = [("integrity of the whole store", f"{time.perf_counter() - started:.1f} s", "", not problems)]
    print_table(rows)


def memory(args: argparse.Namespace) -> None:
    """Each build in a process of its own, whose most memory is asked of the system when it ends."""
    peaks = []
    with tempfile.TemporaryDirectory() as name:
        for documents in (args.few, args.many):
            folder = Path(name) / str(documents)
            corpus.write_files(folder, documents=documents, new_words=True)
            command = [sys.executable, __file__, "build", "--texts", str(folder), "--store", f"{folder}.db"]
            done = subprocess.run([*command, "--workers", "2"], capture_output=True, text=True, check=True)
            peaks.append(float(done.stdout.split()[0]))
    growth = peaks[1] / peaks[0] - 1
    what = f"peak memory of the building process, {args.many:,} documents of new words against {args.few:,}"
    print_table([(what, f"{peaks[1]:.0f} MB against {peaks[0]:.0f} MB: {growth:+.0%}", "≤ +20 %", growth <= 0.2)])


def build(args: argparse.Namespace) -> None:
    """A build with the stub tagger in this process's own workers; prints the peak memory in MB."""
    options = Options(lang="nb", workers=args.workers, load=corpus.load_stubs)
    build_store([args.texts], args.store, options=options)
    print(f"{peak_megabytes():.0f}")


def speed(args: argparse.Namespace) -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted(Path(args.texts).rglob("*.txt"))]
    rates: dict[str, list[float]] = {"bare": [], "1": [], "2": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "texts"
        folder.mkdir()
        rng = random.Random(0)
        for number in range(args.articles):  # of the length of news, and each another: nothing can be reused
            parts = [""]
            while sum(len(part.split()) for part in parts) < ARTICLE_WORDS:
                parts.append(rng.choice(texts))
            corpus.write_file(folder / f"{number:05}.txt", "\n\n".join([*parts[1:], f"Nummer {number}.\n"]))
        words = sum(len(path.read_text(encoding="utf-8").split()) for path in folder.iterdir())
        for number in range(args.rounds):
            for way in rates:
                command = [sys.executable, __file__, "rate", "--texts", str(folder), "--way", way]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                rates[way].append(words / float(done.stdout.split()[-1]))
            shutil.rmtree(Path(name) / "out", ignore_errors=True)
            print(f"round {number + 1}: " + ", ".join(f"{way} {rate[-1]:.0f}" for way, rate in rates.items()))
    one = statistics.median(a / b for a, b in zip(rates["1"], rates["bare"], strict=True))
    two = statistics.median(a / b for a, b in zip(rates["2"], rates["1"], strict=True))
    median = {way: statistics.median(found) for way, found in rates.items()}
    print_table(
        [
            ("nlp.pipe alone", f"{median['bare']:.0f} words/s", "", None),
            ("kg build, 1 worker", f"{median['1']:.0f} words/s = {one:.2f} ×", "≥ 0.90 ×", one >= 0.9),
            ("kg build, 2 workers", f"{median['2']:.0f} words/s = {two:.2f} × one", "≥ 1.7 ×", two >= 1.7),
        ]
    )


def rate(args: argparse.Namespace) -> None:
    """Seconds for the texts, from the first document to the last, without loading; see ``speed``."""
    if args.way == "bare":
        print(rate_bare(Path(args.texts)))
        return
    marks: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        options = Options(lang="nb", workers=int(args.way))
        progress = lambda done, total, characters: marks.append(time.perf_counter())  # noqa: E731
        build_store([args.texts], Path(name) / "kg.db", options=options, progress=progress)
    files = len(list(Path(args.texts).iterdir()))
    print((time.perf_counter() - marks[0]) * files / (files - 1))


def rate_bare(folder: Path) -> float:
    from kg.tag import load_pipeline

    os.environ["OMP_NUM_THREADS"] = "1"
    nlp = load_pipeline("nb").nlp
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())]
    list(nlp.pipe(texts[:1]))
    started = time.perf_counter()
    for _ in nlp.pipe(texts):
        pass
    return time.perf_counter() - started


RUNS = {run.__name__: run for run in (make, neighbours, look, add, doctor, memory, speed, build, rate)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", choices=sorted(RUNS))
    parser.add_argument("--store", default="big.db")
    parser.add_argument("--documents", type=int, default=100_000, help="of make; twice as many entities")
    parser.add_argument("--entities", type=int, default=200_000, help="of add: those the store was made with")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--articles", type=int, default=60, help="of speed: put together from the texts")
    parser.add_argument("--no-graphml", dest="graphml", action="store_false", help="of neighbours: leave networkx out")
    parser.add_argument("--few", type=int, default=2_000)
    parser.add_argument("--many", type=int, default=20_000)
    parser.add_argument("--texts", default="data/articles")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--way", default="bare", help=argparse.SUPPRESS)
    args = parser.parse_args()
    RUNS[args.run](args)


if __name__ == "__main__":
    main()
