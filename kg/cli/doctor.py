"""doctor: what this installation can do, and whether a store is whole."""

from __future__ import annotations

import platform
import sqlite3
from importlib import metadata
from pathlib import Path
from typing import Any

import typer

from kg._version import __version__
from kg.cli import options
from kg.cli.printing import write_json, write_lines

PACKAGES = (
    "spacy", "networkx", "pyvis", "typer", "rich", "numpy", "onnxruntime", "tokenizers", "rapidfuzz", "py3langid",
    "rustworkx", "trafilatura", "lxml", "pypdfium2", "warcio", "jinja2",
)  # fmt: skip
FAILED = 1


def doctor(store: options.Store = "kg.db", as_json: options.Json = False) -> None:
    """Versions, pipelines, formats, whether the store is whole, and what was skipped and why.

    \b
    kg doctor
    kg doctor --store reports.db --json

    Exit code 1 where the store is damaged or the default pipeline is missing. With --json, {"kg", "python", "platform",
    "packages", "pipelines", "formats", "sqlite", "store"}, where formats lists {"name", "suffixes", "works", "extra"}.
    """
    report: dict[str, Any] = {
        "kg": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: find_version(name) for name in PACKAGES},
        "pipelines": list_pipelines(),
        "formats": list_formats(),
        "sqlite": describe_sqlite(),
        "store": examine_store(store) if Path(store).exists() else {"path": store, "exists": False},
    }
    if as_json:
        write_json(report)
    else:
        write_lines((line, "") for line in describe_report(report))
    if report["store"].get("problems") or not report["pipelines"][0]["version"]:
        raise typer.Exit(FAILED)


def find_version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def list_pipelines() -> list[dict[str, object]]:
    """Bundled pipelines, and spaCy's that are installed as packages."""
    from kg.pipelines import BUNDLED, FOLDER, describe_pipeline

    found: list[dict[str, object]] = []
    for name in BUNDLED:
        there = (FOLDER / name / "meta.json").is_file()
        found.append({"name": name, "bundled": True, "version": describe_pipeline(name) if there else None})
    for point in sorted(metadata.entry_points(group="spacy_models"), key=lambda point: point.name):
        found.append({"name": point.name, "bundled": False, "version": find_version(point.name)})
    return found


def list_formats() -> list[dict[str, Any]]:
    from kg.formats import list_formats

    return list_formats()


def describe_sqlite() -> dict[str, object]:
    """The version, and whether it has the WAL race that SQLite mended in 3.51.3, 3.50.7 and 3.44.6."""
    version = sqlite3.sqlite_version_info
    mended = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    return {"version": sqlite3.sqlite_version, "wal_race": version >= (3, 7) and not mended}


def examine_store(path: str) -> dict[str, object]:
    from kg.errors import KGError
    from kg.query import open_store
    from kg.query import stats as count_store
    from kg.store import check_store, list_skipped

    try:
        with open_store(path) as store:
            problems = check_store(store)
            skipped = [] if problems else list_skipped(store)
            counts = {} if problems else count_store(store)
    except KGError as error:
        return {"path": path, "exists": True, "problems": [str(error)]}
    rows = [{"source": r.path, "stage": r.stage, "reason": r.reason, "passing": r.passing} for r in skipped]
    return {"path": path, "exists": True, "problems": problems, "counts": counts, "skipped": rows}


def describe_report(report: dict[str, Any]) -> list[str]:
    lines = [f"kg {report['kg']}, Python {report['python']}, {report['platform']}"]
    lines.append(", ".join(f"{name} {version or 'missing'}" for name, version in report["packages"].items()))
    for pipeline in report["pipelines"]:
        kind = "bundled" if pipeline["bundled"] else "installed"
        lines.append(f"pipeline {pipeline['name']} ({kind}): {pipeline['version'] or 'missing; reinstall kg'}")
    lines += describe_formats(report["formats"])
    race = "has the WAL race of older versions; kg lets one connection alone write and checkpoint"
    sqlite = report["sqlite"]
    lines.append(f"SQLite {sqlite['version']}: " + (race if sqlite["wal_race"] else "without the WAL race"))
    return lines + describe_store(report["store"])


def describe_formats(formats: list[dict[str, Any]]) -> list[str]:
    works = ", ".join(f"{row['name']} ({' '.join(row['suffixes'])})" for row in formats if row["works"])
    missing = [
        f"not here: {row['name']} ({' '.join(row['suffixes'])}); install it with: pip install 'kg[{row['extra']}]'"
        for row in formats
        if not row["works"]
    ]
    return [f"formats: {works}", *missing]


def describe_store(store: dict[str, Any]) -> list[str]:
    if not store["exists"]:
        return [f"store {store['path']}: none here yet; make one with: kg build PATH --store {store['path']}"]
    if store["problems"]:
        return [f"store {store['path']}: damaged", *(f"  {problem}" for problem in store["problems"])]
    lines = [f"store {store['path']}: whole"]
    lines += [f"  {key}: {value}" for key, value in store["counts"].items() if isinstance(value, int)]
    lines.append(f"skipped: {len(store['skipped'])}")
    lines += [f"  {row['source']} [{row['stage']}]: {row['reason']}" for row in store["skipped"]]
    return lines
