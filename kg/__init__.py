"""kg: documents in, an entity knowledge graph with its evidence out.

    >>> import kg
    >>> graph = kg.build(["data"])                                      # doctest: +SKIP
    >>> kg.render(graph, "graph.html")                                  # doctest: +SKIP

Names are loaded when they are first used: ``import kg`` itself imports nothing heavy.
"""

from __future__ import annotations

import importlib
from typing import Any

from kg._version import __version__

_HOME = {
    "records": ("Document", "Token", "Sentence", "Mention", "Entity", "Tagged", "Link", "Record", "Failure"),
    "errors": (
        "KGError", "UsageError", "NotFoundError", "AmbiguousError", "PipelineError", "ReadError", "StoreError",
    ),
    "settings": ("Settings",),
    "read": ("find_sources", "read_source"),
    "tag": ("load_pipeline", "tag_documents"),
    "names": ("slug",),
    "relate": ("load_patterns", "find_links"),
    "resolve": ("resolve_document", "resolve_corpus"),
    "flow": ("Options", "Summary", "process_document", "build_store"),
    "graph": ("Graph", "build", "read_graph", "simple"),
    "query": (
        "open_store", "Answers", "find_entity", "list_neighbours", "find_path", "list_evidence", "show_entity",
        "search", "top_entities", "stats",
    ),
    "layout": ("place_nodes",),
    "export": ("write_graph",),  # not "export", which is the package's own name
    "export.html": ("render", "inline_page"),
    "export.frames": ("to_pandas", "show_graph"),
    "export.report": ("write_report",),
}  # fmt: skip
_RENAMED = {"write_graph": "write", "render": "write_page"}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = ["__version__", *_MODULE_OF]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'kg' has no attribute '{name}'")
    return getattr(importlib.import_module(f"kg.{_MODULE_OF[name]}"), _RENAMED.get(name, name))


def __dir__() -> list[str]:
    return sorted(__all__)
