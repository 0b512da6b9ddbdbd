"""build and tag: the commands that read documents."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from kg.cli import options
from kg.cli.printing import (
    TYPE_STYLES,
    on_terminal,
    open_console,
    tell,
    write_cells,
    write_json,
    write_lines,
    write_rows,
)

if TYPE_CHECKING:
    from rich.text import Text

    from kg.flow import Summary
    from kg.records import Failure, Record

SKIPPED = 5
INTERRUPTED = 130
STEP = 0.2  # seconds between two looks at the progress
LISTED = 50  # skipped documents listed after a build; all of them stand in the ledger


class Meter:
    """Documents done, rate and time left, on one line of standard error that is written over."""

    def __init__(self) -> None:
        self.shown = sys.stderr.isatty()
        self.first = -1  # documents done when it began to count: loading the pipeline is no part of the rate
        self.started = self.last = 0.0

    def update(self, done: int, total: int, characters: int) -> None:
        now = time.monotonic()
        if self.first < 0:
            self.first, self.started = done, now
        if not self.shown or (now - self.last < STEP and done < total):
            return
        self.last = now
        rate = (done - self.first) / max(now - self.started, STEP)
        left = f"  {rate:,.1f}/s  {describe_seconds((total - done) / rate)} left" if rate else ""
        sys.stderr.write(f"\r\x1b[K{done:,} of {total:,} documents  {characters:,} characters{left}")
        sys.stderr.flush()

    def clear(self) -> None:
        if self.shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def describe_seconds(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def build(
    paths: options.Paths,
    store: options.Store = "kg.db",
    lang: options.Lang = "auto",
    pipeline: options.PipelineName = "nb",
    patterns: options.Patterns = None,
    workers: options.Workers = None,
    prune: Annotated[bool, typer.Option("--prune", help="Forget documents below PATH whose files are gone.")] = False,
    retry_skipped: Annotated[bool, typer.Option("--retry-skipped", help="Try again what was skipped before.")] = False,
    max_seconds: options.MaxSeconds = None,
    max_memory: options.MaxMemory = None,
    max_size: options.MaxSize = None,
    text_column: options.TextColumn = None,
    date_column: options.DateColumn = None,
    id_column: options.IdColumn = None,
    as_json: options.Json = False,
) -> None:
    """Read documents into the store. Safe to repeat: only what is new or changed is read. Safe to interrupt.

    \b
    kg build articles
    kg build articles "reports/*.html" --store reports.db --workers 4
    cat story.txt | kg build -

    Reads text, Markdown, HTML, PDF, Word (.docx), mail (.eml, .mbox) with attachments, tables of texts (.csv, .tsv,
    .jsonl; a document a row), RSS and Atom, web archives (.warc), and .zip and .gz of any of these: told by what is
    in a file first, by its suffix second. Which column holds the texts is told by its name (text, tekst, body, ...)
    or its length; what had to be guessed is said. Nothing in an archive is written to disk.

    Each document is read under limits of time, memory and size; one that breaks them is skipped, listed with its
    reason, and the exit code is 5. kg doctor lists what was skipped; --retry-skipped tries it again.
    With --json, {"seen", "read", "unchanged", "skipped", "removed", "sentences", "mentions", "links", "characters",
    "seconds", "pipelines", "guesses", "totals"}, where skipped lists {"source", "stage", "reason", "passing"}.
    """
    from kg.flow import Options, build_store
    from kg.formats import Columns

    meter = Meter()
    asked = Options(
        lang=lang,
        pipeline=pipeline,
        patterns=tuple(patterns or ()),
        workers=workers,
        prune=prune,
        retry_skipped=retry_skipped,
        settings=options.make_settings(max_seconds, max_memory, max_size),
        columns=Columns(text_column, date_column, id_column),
    )
    try:
        summary = build_store(paths, store, options=asked, progress=meter.update)
    except KeyboardInterrupt as stop:
        tell("kg: interrupted; what is done is kept, run the same command again to go on")
        raise typer.Exit(INTERRUPTED) from stop
    finally:
        meter.clear()
    if as_json:
        write_json(plain_summary(summary))
    else:
        write_lines((line, "") for line in describe_summary(summary, store))
    if summary.skipped:
        list_skipped(summary.skipped)
        raise typer.Exit(SKIPPED)


def plain_summary(summary: Summary) -> dict[str, object]:
    from dataclasses import asdict

    plain = asdict(summary)
    plain["seconds"] = round(summary.seconds, 3)
    plain["pipelines"] = [[*made, documents] for made, documents in sorted(summary.pipelines.items())]
    return plain


def describe_summary(summary: Summary, store: str) -> Iterable[str]:
    """The build in words; seen = read + unchanged + skipped."""
    from kg.worker import CAPPED

    yield (
        f"{summary.seen:,} documents = {summary.read:,} read + {summary.unchanged:,} unchanged "
        f"+ {len(summary.skipped):,} skipped, in {summary.seconds:.1f} s"
    )
    if summary.removed:
        yield f"removed: {summary.removed:,} files that are gone"
    for (pipeline, lang), documents in sorted(summary.pipelines.items()):
        yield f"{pipeline} tagged {documents:,} in {lang}"
    for guess, documents in sorted(summary.guesses.items()):
        yield f"{guess}, in {documents:,}" if guess == CAPPED else f"guessed: {guess}, in {documents:,}"
    if summary.read:
        yield f"found {summary.mentions:,} mentions and {summary.links:,} links in {summary.sentences:,} sentences"
    totals = ", ".join(f"{number:,} {name}" for name, number in summary.totals.items())
    yield f"{store} holds {totals}"


def list_skipped(skipped: list[Failure]) -> None:
    """To standard error: each skipped document, the stage at which it was, and why."""
    for failure in skipped[:LISTED]:
        again = " (may work another time: --retry-skipped)" if failure.passing else ""
        tell(f"skipped {failure.source} [{failure.stage}]: {failure.reason}{again}")
    if len(skipped) > LISTED:
        tell(f"and {len(skipped) - LISTED:,} more; kg doctor lists all of them")


def tag(
    paths: options.Paths,
    lang: options.Lang = "auto",
    pipeline: options.PipelineName = "nb",
    patterns: options.Patterns = None,
    workers: options.Workers = None,
    max_seconds: options.MaxSeconds = None,
    max_memory: options.MaxMemory = None,
    max_size: options.MaxSize = None,
    text_column: options.TextColumn = None,
    date_column: options.DateColumn = None,
    id_column: options.IdColumn = None,
    as_json: options.Json = False,
) -> None:
    """What kg sees in each document, without a store: the names marked in the running text.

    \b
    kg tag story.txt
    kg tag articles --json > tagged.jsonl
    echo "Aker-sjef Øyvind Eriksen er i Narvik." | kg tag -

    In a pipe it prints TSV, one line for each mention. With --json, one JSON object a line for each document:
    {"id", "source", "lang", "title", "date", "text", "sentences": [[start, end]],
    "mentions": [{"start", "end", "text", "type", "entity", "derived"}],
    "links": [{"head", "relation", "tail", "predicate", "start", "end", "status"}],
    "title_from", "date_from", "lang_from", "guesses", "places": [[offset, "page 2"]]}.
    Offsets count characters of "text"; entities are resolved within the document; title_from and so on say where title,
    date and language were found and what had to be guessed; places, from where on the text stands on which page.
    """
    from kg.flow import Options, tag_paths
    from kg.formats import Columns
    from kg.records import Failure

    asked = Options(
        lang=lang,
        pipeline=pipeline,
        patterns=tuple(patterns or ()),
        workers=workers,
        settings=options.make_settings(max_seconds, max_memory, max_size),
        columns=Columns(text_column, date_column, id_column),
    )
    plain = not as_json and not on_terminal()
    if plain:
        write_rows(MENTION_COLUMNS, ())
    skipped = []
    for result in tag_paths(paths, asked):
        if isinstance(result, Failure):
            skipped.append(result)
        elif as_json:
            write_json(plain_record(result), indent=None)
        elif plain:
            write_cells(list_mentions(result))
        else:
            show_record(result)
    if skipped:
        list_skipped(skipped)
        raise typer.Exit(SKIPPED)


MENTION_COLUMNS = ("source", "start", "end", "text", "type", "entity", "name", "derived")


def list_mentions(record: Record) -> Iterable[tuple[object, ...]]:
    for m in record.mentions:
        yield (record.document.source, m.start, m.end, m.text, m.type, m.entity, m.name, int(m.derived))


def plain_record(record: Record) -> dict[str, object]:
    document = record.document
    return {
        "id": document.id,
        "source": document.source,
        "lang": document.lang,
        "title": document.title,
        "date": document.date,
        "text": document.text,
        "sentences": record.sentences,
        "mentions": [
            {
                "start": m.start,
                "end": m.end,
                "text": m.text,
                "type": m.type,
                "entity": m.entity,
                "derived": m.derived,
            }
            for m in record.mentions
        ],
        "links": [
            {
                "head": link.head,
                "relation": link.relation,
                "tail": link.tail,
                "predicate": link.predicate,
                "start": link.start,
                "end": link.end,
                "status": link.status,
            }
            for link in record.links
        ],
        "title_from": document.title_from,
        "date_from": document.date_from,
        "lang_from": document.lang_from,
        "guesses": document.guesses,
        "places": document.places,
    }


def show_record(record: Record) -> None:
    """The running text on a terminal, names coloured by type, then the links that were read in it."""
    from rich.text import Text

    from kg.text import safe_terminal

    document, console = record.document, open_console()
    parts = (document.source, document.date, document.lang, record.pipeline)
    console.print(Text(safe_terminal("  ".join(part for part in parts if part)), style="dim"))
    console.print(Text("  ").join(Text(type, style=style) for type, style in TYPE_STYLES.items()))
    console.print(mark_names(record, in_words=console.no_color))
    names = {entity.id: entity.name for entity in record.entities}
    for link in record.links:
        if link.relation != "appears_with":
            said = "" if link.status == "stated" else f" {link.status}"
            line = f"  {names[link.head]} —{link.relation}→ {names[link.tail]}{said}  “{link.predicate}”"
            console.print(Text(safe_terminal(line), style="italic"))
    console.print()


def mark_names(record: Record, *, in_words: bool) -> Text:
    """The text with its names in the colours of their types, and where there are none with the types ``in_words``."""
    from rich.text import Text

    raw, marked, at = record.document.text, Text(), 0
    for mention in sorted(record.mentions, key=lambda mention: (mention.start, mention.end)):
        if mention.start >= at:
            marked.append(clean_lines(raw[at : mention.start]))
            style = TYPE_STYLES[mention.type] + (" underline" if mention.derived else "")
            marked.append(clean_lines(raw[mention.start : mention.end]), style=style)
            marked.append(f"[{mention.type}]" if in_words else "")
            at = mention.end
    return marked.append(clean_lines(raw[at:]))


def clean_lines(text: str) -> str:
    from kg.text import safe_terminal

    return "\n".join(safe_terminal(line) for line in text.split("\n"))


def remove(
    names: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files, folders, or ids of documents.")],
    store: options.Store = "kg.db",
) -> None:
    """Take documents out of the store, their text too.

    \b
    kg remove articles/old
    kg remove report.html --store reports.db
    """
    from kg.flow import remove_sources
    from kg.store import open_store

    with open_store(store):  # where there is none, none is made
        pass
    with open_store(store, write=True) as opened:
        removed = remove_sources(opened, names)
    write_lines([(f"removed {removed:,} files", "")])
