"""An open store: its statements and transactions, and the one door through which SQLite's errors become ours."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kg.errors import StoreError
from kg.store.lock import release_lock

SETTLE_WAIT = 1.0  # seconds to wait for readers at the end; where one stays, the store stays in WAL mode

Values = Sequence[Any]
Row = tuple[Any, ...]


def explain_error(path: str, error: sqlite3.Error) -> str:
    """What went wrong and what to do, in one sentence."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith("SQLITE_FULL") or name in ("SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_FSYNC"):
        return f"the disk of the store {path} is full; free some space and run the same command again: it goes on"
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return f"{path} is damaged or not a kg store ({error}); put a backup in its place, or build it anew"
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return f"the store {path} is locked by another program that reads or writes it; close that and try again"
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return f"the store {path} cannot be opened for this ({error}); check that you may read and write it"
    return f"the store {path} failed: {error} ({name}); check it with: kg doctor --store {path}"


class Store:
    """An open store. Use it in the thread and the process that opened it."""

    def __init__(
        self, place: str, connection: sqlite3.Connection, *, writable: bool, held: sqlite3.Connection | None = None
    ) -> None:
        self.place = place
        self.connection = connection
        self.writable = writable
        self._held = held
        self._depth = 0

    def owns(self, path: str) -> bool:
        """Whether a file is the store itself, or what SQLite and the lock put beside it: it may lie among documents."""
        own, given = Path(self.place), Path(path)
        beside = {own.name, *(own.name + end for end in ("-wal", "-shm", "-journal", ".lock"))}
        return given.name in beside and given.parent.resolve() == own.parent

    def rows(self, sql: str, values: Values = ()) -> list[Row]:
        with self._explained():
            return self.connection.execute(sql, values).fetchall()

    def stream(self, sql: str, values: Values = ()) -> Iterator[Row]:
        with self._explained():
            yield from self.connection.execute(sql, values)

    def value(self, sql: str, values: Values = ()) -> Any:
        """The first column of the first row, or None."""
        rows = self.rows(sql, values)
        return rows[0][0] if rows else None

    def run(self, sql: str, values: Values = ()) -> int:
        """Execute; the key of the row that was inserted last."""
        with self._explained():
            return self.connection.execute(sql, values).lastrowid or 0

    def many(self, sql: str, rows: Iterable[Values]) -> None:
        with self._explained():
            self.connection.executemany(sql, rows)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside is committed at the end, or none of it."""
        if not self.writable:
            raise StoreError(f"the store {self.place} is open for reading only")
        with self._begun("BEGIN IMMEDIATE"):
            yield

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read inside is of one committed state."""
        with self._begun("BEGIN"):
            yield

    @contextlib.contextmanager
    def _begun(self, begin: str) -> Iterator[None]:
        if self._depth == 0:
            self.run(begin)
        self._depth += 1
        try:
            yield
        except BaseException:
            if self._depth == 1 and self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise
        else:
            if self._depth == 1:
                self._commit()
        finally:
            self._depth -= 1

    def _commit(self) -> None:
        try:
            self.run("COMMIT")
        except StoreError:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(explain_error(self.place, error)) from error

    def close(self) -> None:
        """Close; a written store becomes one file again unless a reader still holds it."""
        if self._held is None:
            self.connection.close()
            return
        try:
            with contextlib.suppress(sqlite3.Error):
                self.connection.execute(f"PRAGMA busy_timeout={int(SETTLE_WAIT * 1000)}")
                self.connection.execute("PRAGMA main.wal_checkpoint(TRUNCATE)")
                self.connection.execute("PRAGMA main.journal_mode=DELETE")
        finally:
            self.connection.close()
            release_lock(Path(self.place), self._held)
            self._held = None

    def __enter__(self) -> Self:
        if not self.writable:
            self.run("BEGIN")
            self._depth += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
