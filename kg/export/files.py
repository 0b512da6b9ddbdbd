"""Whole files or none: written beside their place, flushed, read back, then moved there in one step."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from kg.errors import KGError, UsageError


def replace_files(texts: Mapping[Path, Iterable[str | bytes]], check: Callable[[list[Path]], None]) -> None:
    """Writes each text (in UTF-8) or bytes to its path. Either all the files are new and whole, or all are as before.

    ``check`` gets the finished files, in order, before they take their places, and raises ValueError to stop that.

    Raises:
        UsageError: a path is a folder or something else than a file, or its folder does not exist.
        KGError: a file cannot be written, or ``check`` found that it does not hold what it should.
    """
    places = {_find_place(path): text for path, text in texts.items()}
    beside = {place: place.with_name(f".{place.name[:80]}.{secrets.token_hex(6)}.part") for place in places}
    try:
        for place, text in places.items():
            _write_through(beside[place], text, mode=place.stat().st_mode & 0o777 if place.exists() else None)
        check(list(beside.values()))
        for place, part in beside.items():
            part.replace(place)
        _flush_folders({place.parent for place in places})
    except OSError as error:
        raise KGError(f"{_name(places)} cannot be written: {error.strerror or error}.") from error
    except ValueError as error:
        raise KGError(f"{_name(places)} was not written, as it could not be read back whole: {error}.") from error
    finally:
        for part in beside.values():
            with suppress(OSError):
                part.unlink(missing_ok=True)


def _name(places: Mapping[Path, object]) -> str:
    return " and ".join(str(place) for place in places)


def _find_place(path: Path) -> Path:
    """The file itself where ``path`` is a link to it."""
    place = Path(os.path.realpath(path))
    if place.is_dir():
        raise UsageError(f"{path} is a folder: name a file in it.")
    if place.exists() and not place.is_file():
        raise UsageError(f"{path} is not a regular file.")
    if not place.parent.is_dir():
        raise UsageError(f"The folder {place.parent} does not exist: make it first.")
    return place


def _write_through(path: Path, text: Iterable[str | bytes], *, mode: int | None) -> None:
    with path.open("xb") as file:
        for piece in text:
            file.write(piece.encode("utf-8") if isinstance(piece, str) else piece)
        file.flush()
        os.fsync(file.fileno())
    if mode is not None:
        path.chmod(mode)


def _flush_folders(folders: Iterable[Path]) -> None:
    """So that the new names survive a power cut; systems that cannot open a folder do it themselves."""
    for folder in folders:
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
