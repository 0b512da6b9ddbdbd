"""A store of an older format becomes one of today's: facts and corrections stay, what is derived is made anew."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

from kg.store import schema
from kg.store.handle import Store
from kg.store.sketch import sketch_document

MIGRATED = (4,)  # formats with the facts of today's; from 4 to 5 documents got another sketch


def create_tables(store: Store, *scripts: str) -> None:
    """Run the statements of a format's scripts."""
    for script in scripts:
        for statement in _statements(script):
            store.run(statement)


def list_tables(script: str) -> list[str]:
    """The names of the tables that a script makes."""
    return re.findall(r"^CREATE (?:VIRTUAL )?TABLE (\w+)", script, re.MULTILINE)


def migrate(store: Store) -> None:
    """Bring a store of one of the formats ``MIGRATED`` to today's, in one transaction.

    Its graph is empty until it is derived, as after any change of the facts: nothing is read or tagged again.
    """
    with store.transaction():
        for (view,) in store.rows("SELECT name FROM sqlite_master WHERE type = 'view'"):
            store.run(f'DROP VIEW "{view}"')
        for table in list_tables(schema.DERIVED):
            store.run(f"DROP TABLE IF EXISTS {table}")
        create_tables(store, schema.DERIVED, schema.VIEWS)
        for (key,) in store.rows("SELECT key FROM document"):
            text = store.value("SELECT text FROM document WHERE key = ?", (key,))
            store.run("UPDATE document SET sketch = ? WHERE key = ?", (sketch_document(text), key))
        store.run("INSERT INTO document_words (rowid, fold) SELECT key, fold(text) FROM document")
        store.run("INSERT OR IGNORE INTO dirty SELECT key FROM document")
        store.run("UPDATE meta SET value = 0 WHERE name = 'sentences'")
        store.run(f"PRAGMA user_version={schema.FORMAT}")


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement.strip()
            statement = ""
