"""Who may import whom: a room knows only those before it, and few libraries have a room of their own."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import kg

KG = Path(__file__).parent.parent / "kg"
ROOMS = (
    "_version", "records", "errors", "settings", "text", "formats", "read", "pipelines", "tag", "names", "patterns",
    "acronyms", "clauses", "places", "claims", "relate", "resolve", "store", "engine", "worker", "flow", "graph",
    "query", "correct", "evaluate", "layout", "export", "cli", "__main__",
)  # fmt: skip
APART = {"read", "tag", "relate", "resolve"}
HOMES = {"spacy": {"tag", "pipelines"}, "pyvis": {"export"}, "typer": {"cli"}, "rich": {"cli"}}
HOMES["sqlite3"] = {"store", "cli"}  # the command line tells its version, no more


@pytest.mark.parametrize("path", sorted(KG.rglob("*.py")), ids=lambda path: str(path.relative_to(KG)))
def test_imports_point_one_way(path: Path) -> None:
    room = path.relative_to(KG).parts[0].removesuffix(".py")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [f"kg.{alias.name}" for alias in node.names] if node.module == "kg" else [node.module or ""]
        for first, *rest in (name.split(".") for name in names):
            assert room in HOMES.get(first, {room}), f"{first} belongs in {HOMES[first]}"
            if first == "kg" and rest and rest[0] in ROOMS and room not in ("__init__", rest[0]):
                assert ROOMS.index(rest[0]) < ROOMS.index(room), f"{room} imports {rest[0]}, which comes after it"
                assert not {room, rest[0]} <= APART, f"{room} and {rest[0]} are joined by flow alone"


def test_no_public_name_hides_behind_a_module() -> None:
    """``kg.export`` is the package once anything has imported it: a function of that name would be lost."""
    modules = {path.stem for path in KG.iterdir()}
    assert not modules & set(kg.__all__)
    assert all(callable(getattr(kg, name)) for name in kg.__all__ if name != "__version__")
