"""Who holds a store for writing. The lock is SQLite's own, so it ends with the process, however that ends."""

from __future__ import annotations

import os
import platform
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from kg.errors import StoreError

WAIT = 1.0  # seconds a second builder waits; it only has to outlast another's look at who holds the lock


def hold_lock(path: Path) -> sqlite3.Connection:
    """Take the lock of the store at ``path``, kept until ``release_lock``. Raises StoreError naming who holds it.

    Beside the store stands ``<store>.lock``, an SQLite file whose write lock is the lock and whose one row says whose
    it is. A killed holder leaves the file but not the lock, and the next one takes it over.
    """
    me = f"process {os.getpid()} on {platform.node()} since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    while True:
        lock = _connect(path)
        try:
            lock.executescript("PRAGMA synchronous=OFF; CREATE TABLE IF NOT EXISTS holder (who TEXT)")
            with lock:
                lock.execute("BEGIN IMMEDIATE")
                lock.execute("DELETE FROM holder")
                lock.execute("INSERT INTO holder VALUES (?)", (me,))
            lock.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            message = _describe(path, lock, error)
            lock.close()
            if error.sqlite_errorname == "SQLITE_READONLY_DBMOVED":  # its holder has just ended and removed the file
                continue
            raise StoreError(message) from error
        if _holder(lock) == me and _is_locked(path):
            return lock
        lock.close()  # another came between the two transactions, or removed the file at its end: try again


def release_lock(path: Path, lock: sqlite3.Connection) -> None:
    """Give the lock back and remove its file."""
    _lock_path(path).unlink(missing_ok=True)
    lock.close()


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


def _connect(path: Path) -> sqlite3.Connection:
    try:
        return sqlite3.connect(_lock_path(path), timeout=WAIT, isolation_level=None)
    except sqlite3.Error as error:
        raise StoreError(f"cannot write beside the store {path}; choose a folder that you may write in") from error


def _holder(lock: sqlite3.Connection) -> str:
    row = lock.execute("SELECT who FROM holder").fetchone()
    return str(row[0]) if row else "another process"


def _is_locked(path: Path) -> bool:
    """Whether the file now at the lock's path is locked, and so is the very one that we hold."""
    probe = sqlite3.connect(_lock_path(path), timeout=0, isolation_level=None)
    try:
        probe.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return True
    finally:
        probe.close()
    return False


def _describe(path: Path, lock: sqlite3.Connection, error: sqlite3.Error) -> str:
    if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
        return f"cannot lock the store {path} ({error}); free disk space, or remove {_lock_path(path).name} beside it"
    try:
        who = _holder(lock)
    except sqlite3.Error:
        who = "another process"
    return f"the store {path} is being written by {who}; wait until it is done, or stop it and try again"
