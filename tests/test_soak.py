"""The soak runs of ``benchmarks/`` at a size that a test run bears; in full, as the bars have them, behind ``slow``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, environment

SMALL = {
    "crash": "--documents 40 --kills 2",
    "edits": "--times 3",
    "readers": "--documents 30 --rounds 2 --readers 3",
}


def run_benchmark(script: str, *arguments: str) -> str:
    """The table it prints, every bar of which was met."""
    command = [sys.executable, str(ROOT / "benchmarks" / f"{script}.py"), *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| yes |" in done.stdout
    assert "| NO |" not in done.stdout
    return done.stdout


@pytest.mark.parametrize("run", SMALL)
def test_small_soak(run: str) -> None:
    run_benchmark("soak", run, *SMALL[run].split())


@pytest.mark.slow
@pytest.mark.parametrize("run", ["crash", "bad", "full", "matrix", "edits", "readers"])
def test_soak(run: str) -> None:
    run_benchmark("soak", run)


def test_questions_to_a_made_store(tmp_path: Path) -> None:
    store = str(tmp_path / "made.db")
    assert "| documents | 300 |" in run_benchmark("scale", "make", "--documents", "300", "--store", store)
    run_benchmark("scale", "add", "--entities", "600", "--store", store)


@pytest.mark.slow
def test_memory_of_the_builder() -> None:
    run_benchmark("scale", "memory")
