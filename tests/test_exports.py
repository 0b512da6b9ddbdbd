"""The public names of the package, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import kg

PUBLIC = [
    "__version__",
    "Document", "Token", "Sentence", "Mention", "Entity", "Tagged", "Link", "Record", "Failure",
    "KGError", "UsageError", "NotFoundError", "AmbiguousError", "PipelineError", "ReadError", "StoreError",
    "Settings", "find_sources", "read_source", "load_pipeline", "tag_documents", "slug", "load_patterns", "find_links",
    "resolve_document", "resolve_corpus", "Options", "Summary", "process_document", "build_store",
    "Graph", "build", "read_graph", "simple", "open_store", "Answers", "find_entity", "list_neighbours", "find_path",
    "list_evidence", "show_entity", "search", "top_entities", "stats", "place_nodes", "write_graph", "render",
    "inline_page", "to_pandas", "show_graph", "write_report",
]  # fmt: skip
ROOT = Path(__file__).parent.parent


def test_public_names() -> None:
    assert kg.__all__ == PUBLIC
    assert set(PUBLIC) <= set(dir(kg))
    assert [name for name in PUBLIC if not hasattr(kg, name)] == []


def test_import_loads_nothing_heavy() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); before = set(sys.modules); import kg; kg.__version__\n"
        "print(*(m for m in set(sys.modules) - before if m.split('.')[0] not in sys.stdlib_module_names))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == ["kg", "kg._version"]
