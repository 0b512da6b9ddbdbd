"""Nothing lost, whatever happens to a build: each run makes trouble, prints a table, and exits 1 where a bar is missed.

    python benchmarks/soak.py crash      kill -9 of the whole process group at 200 moments, resumed each time
    python benchmarks/soak.py bad        one document in 10,000 that hangs, exits, crashes, eats memory or the stack
    python benchmarks/soak.py full       a disk that fills up at a dozen different moments, enlarged, resumed
    python benchmarks/soak.py matrix     shuffled files, 1, 2 or 4 workers, hash seeds, languages: one graph
    python benchmarks/soak.py edits      50 histories of adding, editing, renaming and deleting: a fresh build's graph
    python benchmarks/soak.py readers    8 readers during builds: never locked out, always one committed state

``kg build`` runs as its user runs it, but for the tagger, which is a stub. All is drawn with a fixed seed.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import itertools
import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))  # a checkout needs no installation

import corpus  # noqa: E402

from kg.errors import KGError, NotFoundError  # noqa: E402
from kg.export import render  # noqa: E402
from kg.flow import Options, build_store  # noqa: E402
from kg.graph import read_graph  # noqa: E402
from kg.store import check_store, dump_graph, is_stale, list_skipped, open_store  # noqa: E402

Row = tuple[str, str, str, bool]
SKIPPED = 5  # exit code
LEDGER = "SELECT f.place, f.hash, s.number, s.status FROM source s JOIN file f ON f.key = s.file ORDER BY 1, 3"
FEW = 300  # documents of the builds that are timed
EXTRA_SECONDS = 2.0  # that a bad document may cost beyond the time limit


def print_table(rows: Sequence[Row]) -> None:
    """Markdown; exit code 1 where a bar is missed."""
    print("| what | measured | bar | |\n|---|---|---|---|")
    for what, measured, bar, met in rows:
        print(f"| {what} | {measured} | {bar} | {'yes' if met else 'NO'} |")
    if not all(met for *_, met in rows):
        raise SystemExit(1)


def start(*args: str | Path, folder: Path, **variables: str) -> subprocess.Popen[str]:
    """kg with the stub tagger, in a process group of its own."""
    command = [sys.executable, str(HERE / "stub_kg.py"), *map(str, args)]
    environment = {**os.environ, **variables}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=folder, env=environment, start_new_session=True, stdout=pipe, stderr=pipe, text=True
    )


def run(*args: str | Path, folder: Path, code: int = 0, **variables: str) -> str:
    """What it prints. Raises RuntimeError where its exit code is another."""
    process = start(*args, folder=folder, **variables)
    out, err = process.communicate()
    if process.returncode != code:
        raise RuntimeError(f"{' '.join(map(str, args))} ended with {process.returncode}, not {code}: {out}{err}")
    return out + err


def kill(process: subprocess.Popen[str]) -> bool:
    """SIGKILL to the whole group. Returns whether it was still at work."""
    working = process.poll() is None
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return working


def hash_store(path: Path, *, ledger: bool = True) -> str:
    """SHA-256 of the derived tables, the ledger and the GraphML, in their one order. Raises RuntimeError on damage."""
    digest = hashlib.sha256()
    with open_store(path) as store:
        problems = check_store(store)
        if problems or is_stale(store):
            raise RuntimeError(f"{path}: {problems or 'stale'}")
        for line in dump_graph(store):
            digest.update(f"{line}\n".encode())
        if ledger:
            for row in store.rows(LEDGER):
                digest.update(repr(row).encode())
        digest.update(render(read_graph(store), "graphml").encode())
    return digest.hexdigest()


def count_rows(path: Path) -> tuple[int, int]:
    """(files in the ledger, how many of them are there twice), after a check of the whole store."""
    with open_store(path) as store:
        if problems := check_store(store):
            raise RuntimeError(f"{path} after a kill: {problems}")
        files = store.value("SELECT count(*) FROM file")
        return files, files - store.value("SELECT count(DISTINCT place) FROM file")


def crash(args: argparse.Namespace, folder: Path) -> list[Row]:
    corpus.write_files(folder / "news", documents=args.documents)
    started = time.monotonic()
    run("build", "news", "--store", "whole.db", "--workers", "2", folder=folder)
    took = time.monotonic() - started
    wanted = hash_store(folder / "whole.db")
    rng = random.Random(args.seed)
    kills = stores = lost = twice = differ = 0
    while kills < args.kills:
        stores += 1
        store, seen, chain = folder / f"{stores}.db", 0, 0
        while kills < args.kills and chain < args.chain:
            builder = start("build", "news", "--store", store.name, "--workers", "2", folder=folder)
            time.sleep(rng.uniform(0, took))
            if not kill(builder):
                break
            kills, chain = kills + 1, chain + 1
            with contextlib.suppress(NotFoundError):  # killed before there was anything
                files, doubled = count_rows(store)
                lost, twice, seen = lost + max(0, seen - files), twice + doubled, files
        run("build", "news", "--store", store.name, "--workers", "2", folder=folder)
        files, doubled = count_rows(store)
        lost, twice = lost + args.documents - files, twice + doubled
        differ += hash_store(store) != wanted
        store.unlink()
    left = sorted(path.name for path in folder.iterdir())
    return [
        (f"kills of a build of {args.documents:,} documents, in {stores} stores", f"{kills}", f"{args.kills}", True),
        ("documents lost", f"{lost}", "0", lost == 0),
        ("documents counted twice", f"{twice}", "0", twice == 0),
        ("stores that differ from the uninterrupted build's", f"{differ}", "0", differ == 0),
        ("files left behind", f"{len(left) - 2}", "0", left == ["news", "whole.db"]),
    ]


def bad(args: argparse.Namespace, folder: Path) -> list[Row]:
    """What the others yield is compared in a build of many documents; what it costs is timed in builds of a few, in
    turn with builds without the bad one, since the noise of a long build is greater than the cost."""
    limits = ["--max-seconds", f"{args.seconds:g}", "--max-memory", "1000", "--workers", "2"]
    corpus.write_files(folder / "news", documents=args.documents)
    corpus.write_files(folder / "few", documents=FEW)
    run("build", "news", "--store", "clean.db", *limits, folder=folder)
    wanted = hash_store(folder / "clean.db", ledger=False)
    rows: list[Row] = []
    for way in corpus.MISBEHAVIOURS:
        path = folder / "news" / f"{args.documents // 2:05}b.txt"
        corpus.write_file(path, f"BAD {way} her.")
        store = folder / f"{way}.db"
        run("build", "news", "--store", store.name, *limits, folder=folder, code=SKIPPED)
        with open_store(store) as opened:
            told = list_skipped(opened)
        row = told[0]
        named = len(told) == 1 and row.path == f"news/{path.name}" and row.stage == "tag" and bool(row.reason)
        hashed = row.hash == hashlib.sha256(path.read_bytes()).hexdigest()
        same = hash_store(store, ledger=False) == wanted
        extra = time_bad(way, limits, folder)
        limit = args.seconds if way == "hang" else 0
        measured = f"others identical: {same}; {extra:+.1f} s; {row.stage}: {row.reason}"
        met = named and hashed and same and extra <= limit + EXTRA_SECONDS
        rows.append(
            (way, measured, f"identical, ≤ {limit + EXTRA_SECONDS:g} s, path, hash, stage, reason, exit 5", met)
        )
        store.unlink()
        path.unlink()
    return rows


def time_bad(way: str, limits: Sequence[str], folder: Path) -> float:
    """Seconds that a bad document adds to a build: the median of the differences of three pairs of builds."""
    path = folder / "few" / f"{FEW // 2:05}b.txt"
    spent: dict[int, list[float]] = {0: [], SKIPPED: []}
    for _ in range(3):
        for code, taken in spent.items():
            if code:
                corpus.write_file(path, f"BAD {way} her.")
            started = time.monotonic()
            run("build", "few", "--store", "few.db", *limits, folder=folder, code=code)
            taken.append(time.monotonic() - started)
            (folder / "few.db").unlink()
            path.unlink(missing_ok=True)
    return statistics.median(b - a for a, b in zip(spent[0], spent[SKIPPED], strict=True))


@contextlib.contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[bool]:
    """A tmpfs of that size at ``folder``; False where this user may not mount one."""
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def full(args: argparse.Namespace, folder: Path) -> list[Row]:
    corpus.write_files(folder / "news", documents=args.documents)
    some = folder / "news"
    run("build", some, "--store", "whole.db", "--workers", "1", folder=folder)
    wanted = hash_store(folder / "whole.db")
    first = run("export", "whole.graphml", "--store", "whole.db", folder=folder)
    size = (folder / "whole.db").stat().st_size // 1024
    failed = told = same = kept = tried = 0
    message, rng = first, random.Random(args.seed)
    way = "tmpfs"
    for _ in range(args.times):
        disk = folder / "disk"
        with small_disk(disk, rng.randint(200, size * 2) if os.geteuid() == 0 else 0) as mounted:
            if not mounted:
                return full_by_limit(args, folder, wanted=wanted, size=size)
            tried += 1
            (disk / "old.graphml").write_text("an earlier export")
            builder = start("build", some, "--store", disk / "kg.db", "--workers", "1", folder=folder)
            _, err = builder.communicate()
            if builder.returncode:
                failed += 1
                told += "is full; free some space" in err
                message = err.strip().splitlines()[-1]
                exporter = start("export", disk / "old.graphml", "--store", folder / "whole.db", folder=folder)
                exporter.communicate()
            kept += (disk / "old.graphml").read_text() in ("an earlier export", (folder / "whole.graphml").read_text())
            subprocess.run(["mount", "-o", "remount,size=1g", str(disk)], check=True)
            run("build", some, "--store", disk / "kg.db", "--workers", "1", folder=folder)
            same += hash_store(disk / "kg.db") == wanted
    return full_rows(way, tried, failed=failed, told=told, same=same, kept=kept, message=message)


def full_by_limit(args: argparse.Namespace, folder: Path, *, wanted: str, size: int) -> list[Row]:
    """Where no disk may be mounted: no file may grow beyond a limit (RLIMIT_FSIZE), to SQLite a full disk."""
    failed = told = same = 0
    message, rng = "", random.Random(args.seed)
    old = folder / "old.graphml"
    old.write_text("an earlier export")
    for number in range(args.times):
        store = folder / f"{number}.db"
        limit = f'ulimit -f {rng.randint(100, size)}; exec "$0" "$@"'
        command = [sys.executable, str(HERE / "stub_kg.py"), "build", "news", "--store", store.name, "--workers", "1"]
        done = subprocess.run(["bash", "-c", limit, *command], cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            failed += 1
            told += "is full; free some space" in done.stderr
            message = done.stderr.strip().splitlines()[-1]
        run("build", folder / "news", "--store", store.name, "--workers", "1", folder=folder)
        same += hash_store(store) == wanted
    kept = args.times * (old.read_text() == "an earlier export")
    return full_rows("RLIMIT_FSIZE", args.times, failed=failed, told=told, same=same, kept=kept, message=message)


def full_rows(way: str, tried: int, *, failed: int, told: int, same: int, kept: int, message: str) -> list[Row]:
    return [
        (f"builds on a disk too small ({way})", f"{failed} of {tried} failed", "some", failed > 0),
        ("said so, with a non-zero exit code", f"{told}: “{message}”", f"{failed}", told == failed),
        ("enlarged and resumed: the whole build's graph", f"{same}", f"{tried}", same == tried),
        ("earlier export untouched", f"{kept}", f"{tried}", kept == tried),
    ]


def matrix(args: argparse.Namespace, folder: Path) -> list[Row]:
    corpus.write_files(folder / "news", documents=args.documents)
    found: dict[str, list[str]] = {}
    rng = random.Random(args.seed)
    names = sorted(f"news/{path.name}" for path in (folder / "news").iterdir())
    seeds = ("0", "1", "random")
    chosen = list(itertools.product((1, 2, 4), seeds, ("C", "tr_TR.UTF-8", "nb_NO.UTF-8")))
    for number, (workers, seed, lang) in enumerate(chosen[:: args.every]):
        store = f"{number}.db"
        variables = {"PYTHONHASHSEED": seed, "LANG": lang, "LC_ALL": lang}
        rng.shuffle(names)
        half = len(names) // 2
        for part in (names[:half], names):
            run("build", *part, "--store", store, "--workers", str(workers), folder=folder, **variables)
        run("export", f"{number}.graphml", "--store", store, folder=folder, **variables)
        exported = hashlib.sha256((folder / f"{number}.graphml").read_bytes()).hexdigest()
        found.setdefault(hash_store(folder / store) + exported, []).append(f"{workers}/{seed}/{lang}")
    installed = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout.lower()
    there = ", ".join(name for name in ("tr_TR", "nb_NO") if name.lower() in installed) or "neither tr_TR nor nb_NO"
    builds = sum(map(len, found.values()))
    return [(f"{builds} builds, shuffled (installed: {there})", f"{len(found)} SHA-256", "1", len(found) == 1)]


def edits(args: argparse.Namespace, folder: Path) -> list[Row]:
    corpus.write_files(folder / "pool", documents=args.documents)
    pool = [path.read_text(encoding="utf-8") for path in sorted((folder / "pool").iterdir())]
    differ = again = steps = 0
    for number in range(args.times):
        rng = random.Random(args.seed + number)
        news, store = folder / f"news{number}", folder / f"{number}.db"
        news.mkdir()
        TAGGED.clear()
        for _ in range(args.steps):
            held = {path.read_text(encoding="utf-8") for path in news.iterdir()} if steps else set()
            for _ in range(rng.randint(1, 8)):
                change_folder(rng, news, pool)
            steps += 1
            before = set(held)
            TAGGED.clear()
            build_here(news, store, prune=True)
            again += sum(text in before for text in TAGGED)
        build_here(news, folder / f"fresh{number}.db", prune=False)
        differ += hash_store(store) != hash_store(folder / f"fresh{number}.db")
        shutil.rmtree(news)
    return [
        (f"{args.times} histories of {args.steps} builds that differ from a fresh one", f"{differ}", "0", differ == 0),
        ("unchanged documents tagged again", f"{again}", "0", again == 0),
    ]


TAGGED: list[str] = []


def load_counting(options: Options) -> object:
    from dataclasses import replace

    stages = corpus.load_stubs(options)

    def tag(document: object) -> object:
        TAGGED.append(document.text)  # type: ignore[attr-defined]
        return stages.tag(document)  # type: ignore[arg-type]

    return replace(stages, tag=tag)  # type: ignore[arg-type]


def build_here(news: Path, store: Path, *, prune: bool) -> None:
    options = Options(lang="nb", workers=0, prune=prune, load=load_counting)  # type: ignore[arg-type]
    build_store([news], store, options=options)


def change_folder(rng: random.Random, news: Path, pool: Sequence[str]) -> None:
    """Add (new text, or a copy of another file's), edit, rename, touch or delete one file."""
    files = sorted(news.iterdir())
    action = rng.choice(["add", "add", "add", "edit", "rename", "touch", "delete"]) if files else "add"
    new = news / f"{rng.randrange(10**6):06}.txt"
    if action == "add":
        corpus.write_file(new, rng.choice(pool))
    elif action == "edit":
        path = rng.choice(files)
        path.write_text(rng.choice(pool), encoding="utf-8")
        os.utime(path, (corpus.LONG_AGO, corpus.LONG_AGO + rng.randrange(10**6)))
    elif action == "rename":
        rng.choice(files).rename(new)
    elif action == "touch":
        os.utime(rng.choice(files), (corpus.LONG_AGO, corpus.LONG_AGO + rng.randrange(10**6)))
    else:
        rng.choice(files).unlink()


def readers(args: argparse.Namespace, folder: Path) -> list[Row]:
    """The builder's states are hashed between builds; each reader hashes what it sees until it is told to stop."""
    corpus.write_files(folder / "all", documents=args.documents)
    files = sorted((folder / "all").iterdir())
    (folder / "news").mkdir()
    states: set[str] = set()
    part = -(-len(files) // args.rounds)
    processes: list[subprocess.Popen[str]] = []
    for number in range(args.rounds):
        for path in files[number * part : (number + 1) * part]:
            path.rename(folder / "news" / path.name)
        run("build", "news", "--store", "kg.db", "--workers", "1", folder=folder)
        states.add(hash_answers(folder / "kg.db"))
        if not processes:
            processes = [start_reader(folder / "kg.db", folder / "stop") for _ in range(args.readers)]
    (folder / "stop").touch()
    told = [json.loads(process.communicate()[0]) for process in processes]
    answers = sum(report["answers"] for report in told)
    errors = [error for report in told for error in report["errors"]]
    foreign = {seen for report in told for seen in report["states"]} - states
    seen = len({state for report in told for state in report["states"]})
    slowest = max(report["slowest"] for report in told)
    return [
        (f"answers of {args.readers} readers during {args.rounds} builds", f"{answers:,}", "> 0", answers > 0),
        ("errors", f"{len(errors)} {errors[:1] or ''}".strip(), "0", not errors),
        ("answers that are no committed state", f"{len(foreign)} ({seen} states seen)", "0", not foreign),
        ("longest wait for an answer", f"{slowest:.2f} s", "", True),
    ]


def start_reader(store: Path, stop: Path) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, "read", "--store", str(store), "--stop", str(stop)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def hash_answers(path: Path) -> str:
    """What one reader sees: the whole graph, and that its counts are those of its evidence."""
    with open_store(path) as store:
        lines = list(dump_graph(store))
        weights = store.rows("SELECT head, relation, tail, weight FROM edges ORDER BY 1, 2, 3")
        counted = store.rows("SELECT head, relation, tail, count(DISTINCT print) FROM evidence GROUP BY 1, 2, 3")
    agree = "" if weights == sorted(counted) else "edges differ from their evidence"
    return agree or hashlib.sha256("\n".join(lines).encode()).hexdigest()


def read(args: argparse.Namespace) -> None:
    """One reader; see ``readers``."""
    states, errors, answers, slowest = set(), [], 0, 0.0
    stopped = False
    while not stopped:
        stopped = Path(args.stop).exists()  # before it looks: every reader answers at least once
        started = time.monotonic()
        try:
            states.add(hash_answers(Path(args.store)))
            answers += 1
        except KGError as error:
            errors.append(re.sub(r"\s+", " ", str(error)))
        slowest = max(slowest, time.monotonic() - started)
    print(json.dumps({"states": sorted(states), "errors": errors, "answers": answers, "slowest": slowest}))


RUNS = {
    run.__name__: (run, documents)
    for run, documents in ((crash, 1_000), (bad, 10_000), (full, 300), (matrix, 300), (edits, 60), (readers, 400))
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", choices=[*RUNS, "read"])
    parser.add_argument("--documents", type=int, help="default: those of the bars")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kills", type=int, default=200, help="of crash")
    parser.add_argument("--chain", type=int, default=5, help="of crash: kills of one store before it is left to finish")
    parser.add_argument("--seconds", type=float, default=5.0, help="of bad: time limit of a document")
    parser.add_argument("--times", type=int, help="of full: disks (12); of edits: histories (50)")
    parser.add_argument("--steps", type=int, default=6, help="of edits: builds of a history")
    parser.add_argument("--every", type=int, default=1, help="of matrix: only every so manieth of the 27")
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=8, help="of readers: builds")
    parser.add_argument("--store", help=argparse.SUPPRESS)
    parser.add_argument("--stop", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run == "read":
        read(args)
        return
    chosen, documents = RUNS[args.run]
    args.documents = args.documents or documents
    args.times = args.times or {"full": 12, "edits": 50}.get(args.run, 0)
    with tempfile.TemporaryDirectory() as name:
        print_table(chosen(args, Path(name).resolve()))


if __name__ == "__main__":
    main()
