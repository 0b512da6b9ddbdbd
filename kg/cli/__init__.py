"""The command line: options, help, one library call, print. The only place that prints or exits.

``options`` holds what several commands ask for, ``printing`` the ways to print rows; the rest are the commands:
``build`` (build, tag), ``ask`` and ``look`` (the questions), ``give`` (render, export), ``doctor``.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from kg._version import __version__
from kg.cli import ask, build, doctor, give, look
from kg.cli.printing import end_quietly, prepare_streams, tell
from kg.errors import AmbiguousError, KGError

INTERRUPTED = 130

app = typer.Typer(
    name="kg",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 ambiguous, 5 done but documents were skipped.",
)
app.command("build")(build.build)
app.command("tag")(build.tag)
app.command("neighbours")(ask.neighbours)
app.command("neighbors", hidden=True)(ask.neighbours)
app.command("path")(ask.path)
app.command("evidence")(ask.evidence)
app.command("show")(look.show)
app.command("search")(look.search)
app.command("top")(look.top)
app.command("stats")(look.stats)
app.command("render")(give.render)
app.command("export")(give.export)
app.command("doctor")(doctor.doctor)


def print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"kg {__version__}\n")
        raise typer.Exit()


@app.callback()
def start(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=print_version, help="Print the version and end.")
    ] = False,
) -> None:
    """Turns documents into an entity knowledge graph that shows the sentence behind every link.

    \b
    kg build articles            documents into kg.db
    kg neighbours Aker           who and what Aker is linked to
    kg evidence Aker OpenAI      every sentence that says so
    kg render graph.html         the graph as one page
    """


def main() -> None:
    """Console entry: run the command and end with its exit code."""
    prepare_streams()
    try:
        try:
            app(prog_name="kg")
        finally:
            sys.stdout.flush()
    except KGError as error:
        sys.exit(report(error))
    except BrokenPipeError:
        end_quietly()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def report(error: KGError) -> int:
    """Say what is wrong on standard error; returns the exit code."""
    tell(f"kg: {error}")
    if isinstance(error, AmbiguousError):
        for id, name, kind in error.matches:
            tell(f"  {id}\t{name}\t{kind}")
    return error.exit_code
