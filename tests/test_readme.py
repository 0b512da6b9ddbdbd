"""README is true: its commands run, its output is what they print, its tables are the code's.

``python -m tests.test_readme`` writes the output of each command into README anew; read the difference before keeping
it.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from kg.cli import COMMANDS
from kg.records import RELATIONS, STATUSES, SYMMETRIC
from tests.conftest import ROOT, prepare_folder, run_in_terminal

README = ROOT / "README.md"
CONSOLE = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
STYLES = re.compile(r"\x1b\[[0-9;]*m")
TIMES = re.compile(r"\bin \d+\.\d s\b")


def read_readme() -> str:
    return README.read_text(encoding="utf-8")


def split_block(block: str) -> list[tuple[str, str]]:
    """(command, output) of each command in a console block."""
    parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def print_command(command: str, folder: Path) -> str:
    """What a terminal of 100 columns shows, without styles and with times set to 0."""
    shown = run_in_terminal(["bash", "-c", command], folder, NO_COLOR="1")
    assert shown.code == 0, shown.out
    return tidy(shown.out)


def tidy(printed: str) -> str:
    last = re.sub(r"^.*\r\x1b\[K", "", printed, flags=re.MULTILINE)  # what was written over is gone
    lines = (line.rstrip() for line in TIMES.sub("in 0.0 s", STYLES.sub("", last)).split("\n"))
    return "\n".join(lines)


COMMANDS_SHOWN = [pair for block in CONSOLE.findall(read_readme()) for pair in split_block(block)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tour")


@pytest.fixture(scope="module")
def printed(folder: Path) -> dict[str, str]:
    """What each command of README prints, run in their order in one folder."""
    return {command: print_command(command, folder) for command, _ in COMMANDS_SHOWN}


@pytest.mark.parametrize(("command", "output"), COMMANDS_SHOWN, ids=[command for command, _ in COMMANDS_SHOWN])
def test_output_shown(printed: dict[str, str], command: str, output: str) -> None:
    assert printed[command].strip("\n") == tidy(output).strip("\n")


def test_python_shown(folder: Path) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```$", read_readme(), flags=re.MULTILINE | re.DOTALL)
    command = [sys.executable, "-c", f"{code}print(len(graph))"]
    done = subprocess.run(command, cwd=folder, env=prepare_folder(folder), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100
    assert (folder / "kg.html").stat().st_size > 100_000


def find_command(mark: str) -> str:
    (command,) = re.findall(rf"^<!-- {mark} -->\n```sh\n(.*)\n```$", read_readme(), flags=re.MULTILINE)
    return str(command)


def test_set_up_commands() -> None:
    for mark, last in (("run", "kg render kg.html"), ("test", "python -m pytest -q")):
        command = find_command(mark)
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install -q ")
        assert command.endswith(f".venv/bin/{last}")


def test_ci_runs_the_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (extract,) = re.findall(r"^test_command=\$\((.*)\)$", script, flags=re.MULTILINE)
    done = subprocess.run(["bash", "-c", extract], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == find_command("test")
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_tables() -> None:
    rows = [line.split("|")[1:-1] for line in read_readme().splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in row] for row in rows]
    assert tuple(row[0] for row in cells if row[0] in RELATIONS) == RELATIONS
    assert {row[0] for row in cells if row[0] in RELATIONS and "–" in row[1]} == SYMMETRIC
    assert [row[0] for row in cells if row[0].isdigit()] == ["0", "1", "2", "3", "4", "5"]


def test_numbers_of_the_stages_are_those_of_the_program() -> None:
    import kg.flow

    stages = re.findall(r"^(\d) (\w+) ", kg.flow.__doc__ or "", flags=re.MULTILINE)
    diagram = read_readme().partition("```text\n")[2].partition("```")[0]
    assert len(stages) == 8
    assert all(re.search(rf"{number} {verb}\b", diagram) for number, verb in stages)


def test_everything_named_is_there() -> None:
    text = read_readme()
    assert set(re.findall(r"\bkg (\w+)\b", " ".join(re.findall(r"`(kg [^`]*)`", text)))) <= {*COMMANDS, "COMMAND"}
    assert all(f"`{status}`" in text for status in STATUSES)
    for path in re.findall(r"!\[[^]]*\]\(([^)]*)\)|`((?:data|kg|training|docs)/[\w./-]+)`", text):
        assert (ROOT / "".join(path)).exists(), path
    assert not re.search(r"TODO|TBD|\?\?\?|lorem", text, flags=re.IGNORECASE)


def update_readme() -> None:
    """Write what the commands print now into README."""
    with tempfile.TemporaryDirectory() as folder:
        prepare_folder(Path(folder))

        def run_block(match: re.Match[str]) -> str:
            pairs = split_block(match.group())
            return "\n".join(f"$ {command}\n{print_command(command, Path(folder))}" for command, _ in pairs)

        README.write_text(CONSOLE.sub(run_block, read_readme()), encoding="utf-8")


if __name__ == "__main__":
    update_readme()
