"""The command line: options, help, one library call, print. The only place that prints or exits.

``options`` holds what several commands ask for, ``printing`` the ways to print rows; the rest are the commands.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Annotated

import typer

from kg._version import __version__
from kg.cli.printing import end_quietly, prepare_streams, tell
from kg.errors import AmbiguousError, KGError

COMMANDS = {
    "build": "build",
    "tag": "build",
    "remove": "build",
    "neighbours": "ask",
    "path": "ask",
    "evidence": "ask",
    "show": "look",
    "search": "look",
    "top": "look",
    "stats": "look",
    "render": "give",
    "export": "give",
    "report": "dossier",
    "merge": "correct",
    "split": "correct",
    "distinct": "correct",
    "rename": "correct",
    "retype": "correct",
    "drop": "correct",
    "corrections": "correct",
    "suggest": "correct",
    "evaluate": "judge",
    "doctor": "doctor",
}
"""Command -> the module here that holds its function, in the order of the help."""
ALSO = {"neighbors": "neighbours"}
EXIT_CODES = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 ambiguous, 5 done but documents were skipped."
INTERRUPTED = 130


def print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"kg {__version__}\n")
        raise typer.Exit()


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


def make_app(names: Iterable[str] = (*COMMANDS, *ALSO)) -> typer.Typer:
    """The application with these commands; a question is answered sooner where no other command is prepared."""
    app = typer.Typer(
        name="kg",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog=EXIT_CODES,
    )
    app.callback()(start)
    for name in names:
        command = ALSO.get(name, name)
        module = import_module(f"kg.cli.{COMMANDS[command]}")
        app.command(name, hidden=name in ALSO)(getattr(module, command))
    return app


def main() -> None:
    """Console entry: run the command and end with its exit code."""
    prepare_streams()
    asked = sys.argv[1:2]
    app = make_app(asked) if asked and asked[0] in {*COMMANDS, *ALSO} else make_app()
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
            tell(f"  {id}  {name}  {kind}")
    return error.exit_code


def __getattr__(name: str) -> typer.Typer:
    if name == "app":
        return make_app()
    raise AttributeError(f"module 'kg.cli' has no attribute '{name}'")
