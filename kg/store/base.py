"""Opening a store: to read it, or as the one who writes it.

At rest a store is one file in rollback mode, which can be copied and read from anywhere. While it is written it is in
WAL mode, so that readers are never blocked and see the last committed state. SQLite before 3.51.3 can damage a WAL
when several connections write and checkpoint: here the connection that holds the lock is the only one that does
either; readers are opened read-only and can do neither.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from pathlib import Path
from typing import TypeVar, overload

from kg.errors import NotFoundError, StoreError
from kg.store import lock, schema
from kg.store.handle import Store, explain_error
from kg.store.migrate import MIGRATED, create_tables, list_tables, migrate
from kg.text import fold

OLDEST = (3, 37, 0)  # first SQLite with STRICT tables
READ_WAIT = 30.0  # seconds a statement waits for another's commit; in WAL mode readers never wait
SWITCH_WAIT = 60.0  # seconds to wait for readers when changing to WAL mode, once a build
WRITE_CACHE = 6_000  # KiB of pages a builder keeps, so that its memory does not grow with the store

S = TypeVar("S", bound=Store)


@overload
def open_store(path: str | Path, *, write: bool = False) -> Store: ...


@overload
def open_store(path: str | Path, *, write: bool = False, kind: type[S]) -> S: ...


def open_store(path: str | Path, *, write: bool = False, kind: type[Store] = Store) -> Store:
    """Open a store to read it, or to write it (made where there is none; ":memory:" is one in memory).

    ``kind``: the class of what comes back. As a context manager it is closed at the end, and a reader sees one
    committed state throughout.
    Raises NotFoundError where there is none to read; StoreError where it is held by another writer, damaged, foreign,
    of another format, or not writable. One of an older format is brought to today's when it is opened to be written.
    """
    if sqlite3.sqlite_version_info < OLDEST:
        raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old; use a Python with 3.37 or newer")
    if str(path) == ":memory:":
        return _open_writer(":memory:", kind=kind)
    try:
        place = Path(path).resolve()  # one lock, whichever link leads to the file
        is_folder, is_there = place.is_dir(), place.exists()
    except OSError as error:
        raise StoreError(f"cannot reach {path} ({error.strerror}); check its name and permissions") from error
    if is_folder:
        raise StoreError(f"{path} is a folder; name the store's file, for example {Path(path) / 'kg.db'}")
    if write:
        return _open_locked(place, kind)
    if not is_there:
        raise NotFoundError(f"there is no store at {path}; make one with: kg build PATH --store {path}")
    return _open_reader(place, kind=kind)


def _open_locked(place: Path, kind: type[S]) -> S:
    if not place.parent.is_dir():
        raise StoreError(f"the folder {place.parent} does not exist; make it first")
    if place.exists():
        _open_reader(place, kind=Store, to_write=True).close()
        if not os.access(place, os.W_OK):
            raise StoreError(f"the store {place} is read-only; copy it, or change its permissions")
    held = lock.hold_lock(place)
    try:
        return _open_writer(str(place), kind=kind, held=held)
    except BaseException:
        lock.release_lock(place, held)
        raise


def _open_reader(place: Path, *, kind: type[S], to_write: bool = False) -> S:
    for recovered in (False, True):
        store = kind(str(place), _connect(place, "ro"), writable=False)
        try:
            _check_format(store, to_write=to_write)
            return store
        except StoreError as error:
            store.close()
            cause = error.__cause__
            if recovered or not isinstance(cause, sqlite3.Error) or not _needs_recovery(cause):
                raise
        _recover(place)
    raise AssertionError("unreachable")


def _needs_recovery(error: sqlite3.Error) -> bool:
    """Whether a writer was killed in rollback mode: a reader may not undo its half transaction, a writer does."""
    return error.sqlite_errorname in ("SQLITE_READONLY_ROLLBACK", "SQLITE_READONLY_RECOVERY")


def _recover(place: Path) -> None:
    held = lock.hold_lock(place)
    try:
        store = Store(str(place), _connect(place, "rw"), writable=True)
        with contextlib.closing(store):
            store.rows("SELECT count(*) FROM sqlite_master")
    finally:
        lock.release_lock(place, held)


def _open_writer(path: str, *, kind: type[S], held: sqlite3.Connection | None = None) -> S:
    store = kind(path, _connect(Path(path), "rwc") if held else _connect_memory(), writable=True, held=held)
    store.connection.create_function("fold", 1, fold, deterministic=True)
    try:
        store.run(f"PRAGMA cache_size=-{WRITE_CACHE}")
        store.run("PRAGMA secure_delete=ON")
        store.run("PRAGMA foreign_keys=ON")
        if not store.rows("SELECT 1 FROM sqlite_master LIMIT 1"):
            with store.transaction():
                create_tables(store, schema.FACTS, schema.DERIVED, schema.VIEWS)
                store.run("INSERT INTO meta VALUES ('sentences', 0)")
                store.run(f"PRAGMA application_id={schema.APPLICATION_ID}")
                store.run(f"PRAGMA user_version={schema.FORMAT}")
        store.run("CREATE TEMP TABLE former (hash TEXT, size INTEGER, document INTEGER)")  # see facts
        store.run("CREATE INDEX temp.former_hash ON former(hash)")
        store.run("CREATE INDEX temp.former_size ON former(size)")
        if held:
            _use_wal(store)
        if store.value("PRAGMA user_version") in MIGRATED:
            migrate(store)
    except BaseException:
        store.connection.close()
        raise
    return store


def _use_wal(store: Store) -> None:
    """Readers in rollback mode must let go for an instant: short tries, so that none of them waits for the others."""
    deadline = time.monotonic() + SWITCH_WAIT
    store.run("PRAGMA busy_timeout=200")
    while True:
        try:
            mode = store.rows("PRAGMA main.journal_mode=WAL")[0][0]
            break
        except StoreError as error:
            if time.monotonic() > deadline or "is locked" not in str(error.__cause__):
                raise
            time.sleep(0.02)
    store.run(f"PRAGMA busy_timeout={int(READ_WAIT * 1000)}")
    # Without shared memory (some network disks) SQLite stays in rollback mode: safe, but readers wait for commits.
    store.run("PRAGMA synchronous=NORMAL" if mode == "wal" else "PRAGMA synchronous=FULL")


def _connect(place: Path, mode: str) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(f"{place.as_uri()}?mode={mode}", uri=True, timeout=READ_WAIT, isolation_level=None)
    except sqlite3.Error as error:
        raise StoreError(explain_error(str(place), error)) from error
    connection.execute("PRAGMA trusted_schema=OFF")  # a store from elsewhere must not run functions of its own
    connection.execute("PRAGMA cell_size_check=ON")
    return connection


def _connect_memory() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None)


def _check_format(store: Store, *, to_write: bool) -> None:
    held = {str(name): str(kind) for name, kind in store.rows("SELECT name, type FROM sqlite_master")}
    application, version = store.rows("SELECT * FROM pragma_application_id, pragma_user_version")[0]
    if not held and application == 0:
        if to_write:
            return
        raise NotFoundError(
            f"the store {store.place} is still empty; fill it with: kg build PATH --store {store.place}"
        )
    if application != schema.APPLICATION_ID:
        raise StoreError(f"{store.place} is an SQLite file of another program, not a kg store; name another file")
    old = version in MIGRATED and to_write
    if version != schema.FORMAT and not old:
        older = "the next kg build brings it up to date" if version in MIGRATED else "build it anew from its documents"
        raise StoreError(
            f"the store {store.place} has format {version} and this kg reads format {schema.FORMAT}; "
            + ("update kg" if version > schema.FORMAT else older)
        )
    tables = list_tables(schema.FACTS) if old else schema.TABLES
    if "trigger" in held.values() or any(held.get(table) != "table" for table in tables):
        raise StoreError(f"the store {store.place} has been altered by another program; build it anew, or use a backup")
