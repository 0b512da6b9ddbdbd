"""What relating costs on top of tagging, over a folder of texts.

    python benchmarks/relate.py
    python benchmarks/relate.py FOLDER --pipeline fast --at-most 0.4

Tags, resolves and relates each file of the folder by itself, RUNS times, and prints a Markdown table: the processor's
seconds of each stage, least over the runs, and their share of tagging. Without ``--at-most`` it only prints; with it,
it fails where relating takes a larger share.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from kg.read import Source, parse_bytes  # noqa: E402
from kg.records import Document, Link  # noqa: E402
from kg.text import detect_language  # noqa: E402
from kg.worker import Options, Stages, load_stages  # noqa: E402

RUNS = 3
STAGES = ("tagging", "resolving", "relating")


def read_folder(folder: Path) -> list[Document]:
    """The documents of the folder's text files, each with its language. Raises SystemExit where there is none."""
    found = []
    for path in sorted(folder.rglob("*.txt")):
        for document in parse_bytes(path.read_bytes(), Source(str(path))):
            if isinstance(document, Document):
                lang = document.lang if document.lang_from else detect_language(document.text)
                found.append(Document(document.id, document.source, document.text, lang=lang))
    if not found:
        raise SystemExit(f"no .txt file with text in {folder}")
    return found


def time_stages(documents: Sequence[Document], stages: Stages) -> tuple[list[float], list[Link]]:
    """(the processor's seconds of tagging, resolving, relating; the typed links found)."""
    seconds, links = [0.0] * len(STAGES), []
    for document in documents:
        clock = [time.process_time()]
        tagged = stages.tag(document)
        clock.append(time.process_time())
        mentions, _ = stages.resolve(tagged)
        clock.append(time.process_time())
        links += stages.relate(tagged, mentions)
        clock.append(time.process_time())
        seconds = [known + clock[n + 1] - clock[n] for n, known in enumerate(seconds)]
    return seconds, [link for link in links if link.relation != "appears_with"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "data" / "articles")
    parser.add_argument("--pipeline", default="nb")
    parser.add_argument("--at-most", type=float, help="exit 1 when relating takes a larger share of tagging's time")
    args = parser.parse_args()
    documents = read_folder(args.folder)
    stages = load_stages(Options(pipeline=args.pipeline))
    time_stages(documents[:2], stages)  # loads what is loaded late
    runs = [time_stages(documents, stages) for _ in range(RUNS)]
    least = [min(seconds[n] for seconds, _ in runs) for n in range(len(STAGES))]
    words = sum(len(document.text.split()) for document in documents)
    print(f"{len(documents)} documents, {words:,} words, {len(runs[0][1])} typed links\n")
    print("| stage | seconds | words a second | of tagging |\n|---|---|---|---|")
    for stage, seconds in zip(STAGES, least, strict=True):
        print(f"| {stage} | {seconds:.2f} | {words / seconds:,.0f} | {seconds / least[0]:.1%} |")
    if args.at_most is not None and least[2] > args.at_most * least[0]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
