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

import pytest

from tests import stubs

ROOT = Path(__file__).parent.parent
ARTICLES = ROOT / "data" / "articles"
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


@pytest.fixture(scope="session")
def sample_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to run README's commands in: the sample data, and ``kg.db`` built from it by the bundled pipeline."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "data").symlink_to(ROOT / "data", target_is_directory=True)
    done = run_process(["build", "data/articles", "--store", "kg.db"], folder)
    assert done.code == 0, done.err
    return folder


def run_process(args: Sequence[str], folder: Path, *, stdin: str = "") -> Result:
    """kg in a process of its own, output piped."""
    done = subprocess.run(
        [sys.executable, "-m", "kg", *args], cwd=folder, env=environment(), input=stdin, capture_output=True, text=True
    )
    return Result(done.returncode, done.stdout, done.stderr)


def run_in_terminal(args: Sequence[str], folder: Path, *, columns: int = 100, **variables: str) -> Result:
    """kg on a terminal of ``columns``; what it writes to both streams, with line ends as in a file."""
    env = environment() | {"COLUMNS": str(columns), "TERM": "xterm-256color", "NO_COLOR": ""} | variables
    main, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "kg", *args], cwd=folder, env=env, stdin=terminal, stdout=terminal, stderr=terminal
    ) as process:
        os.close(terminal)
        printed = b"".join(read_terminal(main))
    os.close(main)
    return Result(process.returncode, printed.decode("utf-8").replace("\r\n", "\n"), "")


def read_terminal(handle: int) -> Iterator[bytes]:
    """What comes until the other end is closed, which Linux tells by an error."""
    while True:
        try:
            piece = os.read(handle, 65536)
        except OSError:
            return
        if not piece:
            return
        yield piece


def environment() -> dict[str, str]:
    """This one's, with kg importable from any folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}
