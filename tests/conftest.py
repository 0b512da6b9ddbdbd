"""What several tests share: kg run in this process or on a terminal, and stores to ask."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest

from tests import stubs

hypothesis.settings.register_profile("same", derandomize=True, deadline=None)  # a test fails always or never
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

ROOT = Path(__file__).parent.parent
CORPUS = {name: text for name, text in stubs.CORPUS.items() if name != "f.txt"} | {"g.txt": "Nordmat er i Storvik."}


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    def rows(self) -> list[list[str]]:
        """Cells of TSV without its header."""
        return [line.split("\t") for line in self.out.splitlines()[1:]]


Run = Callable[..., Result]


@pytest.fixture
def run_kg(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """``run_kg("show", "Aker")``: kg in this process, output piped, the stub tagger in place of the pipeline."""
    from kg.cli import main

    monkeypatch.setattr("kg.worker.load_stages", stubs.load_stubs)
    monkeypatch.delenv("KG_STORE", raising=False)

    def run(*args: str | Path) -> Result:
        monkeypatch.setattr(sys, "argv", ["kg", *map(str, args)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        printed = capfd.readouterr()
        return Result(code, printed.out, printed.err)

    return run


@pytest.fixture(scope="session")
def stub_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of ``CORPUS``, its files dated by their names."""
    from kg.flow import Options, build_store

    folder = tmp_path_factory.mktemp("corpus")
    (folder / "news").mkdir()
    for number, (name, text) in enumerate(CORPUS.items(), 1):
        (folder / "news" / f"2026-01-{number:02}-{name}").write_text(text, encoding="utf-8")
    with contextlib.chdir(folder):
        build_store(["news"], "kg.db", options=Options(lang="nb", workers=0, load=stubs.load_stubs))
    return folder / "kg.db"


def prepare_folder(folder: Path) -> dict[str, str]:
    """Put the sample data and a ``kg`` to run into ``folder``; the environment in which the shell finds it."""
    (folder / "bin").mkdir(exist_ok=True)
    script = folder / "bin" / "kg"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m kg "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    if not (folder / "data").exists():
        (folder / "data").symlink_to(ROOT / "data", target_is_directory=True)
    return {**environment(), "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}


def run_process(args: Sequence[str], folder: Path, *, stdin: str = "") -> Result:
    """kg in a process of its own, output piped."""
    command = [sys.executable, "-m", "kg", *args]
    done = subprocess.run(command, cwd=folder, env=environment(), input=stdin, capture_output=True, text=True)
    return Result(done.returncode, done.stdout, done.stderr)


def run_in_terminal(
    command: Sequence[str], folder: Path, *, columns: int = 100, answer: str = "", **variables: str
) -> Result:
    """Run on a terminal of ``columns`` where ``answer`` is typed; ``out`` is all that stands there in the end."""
    env = {**prepare_folder(folder), "COLUMNS": str(columns), "TERM": "xterm-256color", "NO_COLOR": "", **variables}
    main, terminal = pty.openpty()
    with subprocess.Popen(command, cwd=folder, env=env, stdin=terminal, stdout=terminal, stderr=terminal) as process:
        os.close(terminal)
        os.write(main, answer.encode())
        printed = b"".join(read_terminal(main))
    os.close(main)
    return Result(process.returncode, printed.decode("utf-8").replace("\r\n", "\n"), "")


def read_terminal(handle: int) -> Iterator[bytes]:
    """What comes until the other end is closed, which Linux tells by an error."""
    with contextlib.suppress(OSError):
        while piece := os.read(handle, 65536):
            yield piece


def environment() -> dict[str, str]:
    """This one's, with kg importable from any folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}
