"""Files that are there as a whole or not at all."""

import os
import shutil
import tempfile
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from healing.errors import SetupError

UNFINISHED = ".unfinished"
ABANDONED_AFTER = 3600.0
"""Seconds after which an unfinished file belongs to a process that is gone."""


def file_name(name: str) -> str:
    """Make a file name of any name, and never one that leads elsewhere."""
    return quote(name, safe=" ").replace(".", "%2E")


def write_whole(path: Path, data: bytes, *, synced: bool) -> None:
    """Put `data` at `path` in place of what was there.

    Args:
        path: Its directory must exist.
        data: All of it.
        synced: Whether it must survive a loss of power.
    """
    file, unfinished = tempfile.mkstemp(dir=path.parent, suffix=UNFINISHED)
    try:
        with os.fdopen(file, "wb") as out:
            out.write(data)
            if synced:
                out.flush()
                os.fsync(out.fileno())
        Path(unfinished).replace(path)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise


def sync_directory(path: Path) -> None:
    """Make renames inside `path` survive a loss of power."""
    directory = os.open(path, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def is_older(before: datetime, *paths: Path) -> bool:
    """Tell whether all that there is of `paths` was last written before a time."""
    written = [path.stat().st_mtime for path in paths if path.exists()]
    return max(written, default=0.0) < before.timestamp()


def make_directory(path: Path) -> None:
    """Make `path`, and clear away what a killed process left unfinished in it.

    Raises:
        SetupError: It cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        for unfinished in path.glob(f"*{UNFINISHED}"):
            with suppress(FileNotFoundError):  # its writer has just finished
                if time.time() - unfinished.stat().st_mtime > ABANDONED_AFTER:
                    _remove(unfinished)
    except OSError as error:
        raise cannot_write(path, error) from error


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def cannot_read(path: Path, error: OSError) -> SetupError:
    """Say that `path` is there and cannot be read, and what to do about it."""
    return SetupError(
        f"{path} cannot be read: {error.strerror or error}",
        remedy="mend its permissions or the disk, or let more files be open at once",
    )


def cannot_write(path: Path, error: OSError) -> SetupError:
    """Say that `path` cannot be written, and what to do about it."""
    return SetupError(
        f"{path} cannot be written: {error.strerror or error}",
        remedy="free some space, mend its permissions, or give another state directory",
    )
