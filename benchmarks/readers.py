"""What reading costs, and whether a text gives the same entities and links in whatever format it comes.

    python benchmarks/readers.py
    python benchmarks/readers.py --at-most 0.1

Makes a folder of the sample articles in every format and builds a graph of each document by itself; says by format how
many differ from the plain text's and what reading took against tagging; then reads a PDF of 117 pages. Without
``--at-most`` it only prints; with it, it fails where reading takes a larger share, a document differs or the PDF takes
a second or more.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from kg.read import Source, parse_bytes  # noqa: E402
from kg.records import Document, Record  # noqa: E402
from kg.worker import Options, Stages, load_stages, run_stages  # noqa: E402
from tests.made_files import LINES, MAKERS, place_lines, print_pages  # noqa: E402

FILES = 60
PAGES = 117
RUNS = 3
WARM = 2  # documents tagged before any is timed


def read_texts() -> list[str]:
    """The plain sample articles, each with a title."""
    return [path.read_text(encoding="utf-8").strip() for path in sorted((ROOT / "data" / "articles").glob("*.txt"))]


def choose_files(texts: list[str]) -> Iterable[tuple[str, int]]:
    """(format, which text): every format in turn, and every text for each format as far as ``FILES`` goes."""
    for number in range(FILES):
        yield list(MAKERS)[number % len(MAKERS)], number // len(MAKERS) % len(texts)


def describe(record: Record) -> tuple[Counter[str], Counter[str]]:
    """Entities with how often each is named, and links, as they do not depend on where in a text they stand."""
    entities = Counter(f"{mention.entity} {mention.text}" for mention in record.mentions)
    links = Counter(f"{link.head} {link.relation} {link.tail} {link.status}" for link in record.links)
    return entities, links


def tag(document: Document, stages: Stages) -> Record:
    result = run_stages(document, stages)
    if not isinstance(result, Record):
        raise SystemExit(f"{document.source}: {result.reason}")
    return result


def compare(files: Iterable[tuple[str, int]], texts: list[str], stages: Stages) -> tuple[dict[str, list[float]], int]:
    """(seconds of reading and tagging, files and differing ones by format; all that differ), differences printed.

    Seconds are the processor's, so that what else the machine does weighs on neither.
    """
    rows: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0, 0])
    known: dict[int, tuple[Counter[str], Counter[str]]] = {}
    for format, number in files:
        data = MAKERS[format](texts[number])
        started = time.process_time()
        (document,) = parse_bytes(data, Source(f"made.{format}"))
        read = time.process_time()
        if not isinstance(document, Document):
            raise SystemExit(f"{format}: {document.reason}")
        found = describe(tag(document, stages))
        tagged = time.process_time()
        if number not in known:
            (plain,) = parse_bytes(texts[number].encode(), Source("made.txt"))
            assert isinstance(plain, Document)
            known[number] = describe(tag(plain, stages))
        row = rows[format]
        row[0], row[1], row[2] = row[0] + read - started, row[1] + tagged - read, row[2] + 1
        for mine, plain_ones in zip(found, known[number], strict=True):
            if mine != plain_ones:
                print(f"{format} {number}: lacks {dict(plain_ones - mine)}, has {dict(mine - plain_ones)}")
        row[3] += found != known[number]
    return rows, int(sum(row[3] for row in rows.values()))


def time_pdf(texts: list[str]) -> float:
    """Seconds of the clock to read a PDF of ``PAGES`` full pages, the best of ``RUNS``."""
    from textwrap import wrap

    lines = [line for text in texts for part in text.split("\n\n") for line in [*wrap(part, 85), ""]]
    lines = (lines * (PAGES * LINES // len(lines) + 1))[: PAGES * LINES]
    pages = [[("Avisa Test", 815.0), *place_lines(lines[at : at + LINES])] for at in range(0, len(lines), LINES)]
    data = print_pages(pages)
    parse_bytes(print_pages(pages[:1]), Source("warm.pdf"))
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        (document,) = parse_bytes(data, Source("long.pdf"))
        times.append(time.perf_counter() - started)
    seconds = min(times)
    assert isinstance(document, Document)
    assert len(document.places) == PAGES
    print(f"PDF of {PAGES} pages, {len(document.text):,} characters: {seconds:.2f} s")
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pipeline", default="nb")
    parser.add_argument("--at-most", type=float, help="exit 1 when reading takes a larger share of tagging's time")
    args = parser.parse_args()
    texts = read_texts()
    stages = load_stages(Options(pipeline=args.pipeline))
    for format in MAKERS:  # imports and models are loaded once a process
        parse_bytes(MAKERS[format](texts[0]), Source(f"warm.{format}"))
    for _ in range(WARM):
        (document,) = parse_bytes(texts[0].encode(), Source("warm.txt"))
        assert isinstance(document, Document)
        tag(document, stages)
    rows, differing = compare(choose_files(texts), texts, stages)
    for format, (read, tagged, files, differ) in rows.items():
        share = f"reading {1000 * read / files:.1f} ms a file, {read / tagged:.1%} of tagging"
        print(f"{format:10} {int(files):2} files, {int(differ)} differ, {share}")
    seconds = time_pdf(texts)
    most = max(read / tagged for read, tagged, _, _ in rows.values())
    print(f"{FILES} files, {differing} differ from plain text; reading is at most {most:.1%} of tagging")
    if args.at_most is not None and (most > args.at_most or differing or seconds >= 1):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
