"""Errors of kg, each with the exit code the command line ends with.

KGError (1)
├── UsageError (2)        the request itself is wrong: bad option, bad pattern file, unknown format
├── NotFoundError (3)     no entity of that name (``suggestions``: near names), no such store
├── AmbiguousError (4)    several entities match (``matches``: the entities)
├── PipelineError (1)     no pipeline for a language, or one that cannot be loaded
├── ReadError (1)         one document cannot be read: becomes a Failure, never ends a build
└── StoreError (1)        the store is locked, damaged, too new, read-only or the disk is full

A message is one sentence that says what is wrong and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence


class KGError(Exception):
    """Base of all errors that kg raises on purpose."""

    exit_code = 1


class UsageError(KGError):
    exit_code = 2


class NotFoundError(KGError):
    exit_code = 3

    def __init__(self, message: str, suggestions: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.suggestions = tuple(suggestions)


class AmbiguousError(KGError):
    exit_code = 4

    def __init__(self, message: str, matches: Sequence[tuple[str, str, str]] = ()) -> None:
        """``matches``: (entity id, name, type) of each candidate."""
        super().__init__(message)
        self.matches = tuple(matches)


class PipelineError(KGError):
    pass


class ReadError(KGError):
    def __init__(self, message: str, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


class StoreError(KGError):
    pass
