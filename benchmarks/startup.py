"""How long a question takes, from the shell's prompt to its answer, against importing Typer alone.

    python benchmarks/startup.py --store kg.db --name Aker

Both are started in turn, so that whatever else the machine does weighs on both alike; the ratio is of the medians.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time


def time_command(command: list[str]) -> float:
    """Seconds of wall time. Raises CalledProcessError where the command fails."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def compare(question: list[str], *, runs: int) -> tuple[float, float, float]:
    """(seconds of ``question``, seconds of ``import typer``, their ratio), medians of ``runs`` taken in turn."""
    base = [sys.executable, "-c", "import typer"]
    pairs = [(time_command(question), time_command(base)) for _ in range(runs + 1)][1:]  # the first fills the caches
    asked, imported = (statistics.median(times) for times in zip(*pairs, strict=True))
    return asked, imported, asked / imported


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", default="kg.db")
    parser.add_argument("--name", default="Aker")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--at-most", type=float, help="exit 1 when the ratio is above this")
    args = parser.parse_args()
    question = [sys.executable, "-m", "kg", "neighbours", args.name, "--store", args.store]
    asked, imported, ratio = compare(question, runs=args.runs)
    print(f"kg neighbours {asked * 1000:.0f} ms, import typer {imported * 1000:.0f} ms, ratio {ratio:.2f}")
    if args.at_most is not None and ratio > args.at_most:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
