"""The store: facts, ledger, corrections and the derived graph in one SQLite file. The only room with SQL.

``schema`` documents the tables, ``base`` opens them, ``handle`` is what an open one can do, ``lock`` keeps a second
writer out, ``facts`` and ``content`` write what was read, ``blocks`` finds what resolution must look at again,
``sketch`` and ``copies`` tell near-copies, ``derive`` makes the graph, ``lookup`` and ``evidence`` read for the
questions, ``check`` looks for damage.
"""

from __future__ import annotations

from kg.store.base import open_store
from kg.store.check import check_store, compact_store, dump_graph
from kg.store.content import read_record
from kg.store.derive import Resolver, is_stale, refresh
from kg.store.facts import (
    CorrectionRow,
    FileState,
    LedgerRow,
    StoredFile,
    add_correction,
    add_file,
    list_corrections,
    list_skipped,
    remove_correction,
    remove_files,
)
from kg.store.handle import Store
from kg.store.lookup import ALL, EdgeData, EntityRow, EvidenceData, Filter

__all__ = [
    "ALL",
    "CorrectionRow",
    "EdgeData",
    "EntityRow",
    "EvidenceData",
    "FileState",
    "Filter",
    "LedgerRow",
    "Resolver",
    "Store",
    "StoredFile",
    "add_correction",
    "add_file",
    "check_store",
    "compact_store",
    "dump_graph",
    "is_stale",
    "list_corrections",
    "list_skipped",
    "open_store",
    "read_record",
    "refresh",
    "remove_correction",
    "remove_files",
]
