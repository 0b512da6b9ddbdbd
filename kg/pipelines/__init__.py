"""The pipelines that ship inside the package, and the spaCy component that runs them."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

FOLDER = Path(__file__).parent
BUNDLED = {"nb": "accurate", "fast": "fewer layers, several times the speed"}


def describe_pipeline(name: str) -> str:
    """ "kg-nb 1.0.0": name and version of a pipeline from its ``meta.json``, without loading spaCy or weights.

    ``name``: bundled, a folder, or an installed package; of one that cannot be found the name alone.
    """
    folders = [FOLDER / name] if name in BUNDLED else [Path(name)]
    if name not in BUNDLED and name.isidentifier() and (spec := importlib.util.find_spec(name)) and spec.origin:
        folders.append(Path(spec.origin).parent)
    for folder in folders:
        if (folder / "meta.json").is_file():
            meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
            label = meta["name"] if name in BUNDLED else f"{meta['lang']}_{meta['name']}"
            return f"{label} {meta['version']}"
    return name
