"""Append-only files of JSON lines, synced line by line."""

import errno
import logging
import os
import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from healing.errors import LedgerFullError
from healing.incidents import Entry

log = logging.getLogger(__name__)

_entry = TypeAdapter(Entry)


class FileLedger:
    """Keeps the ledger in `directory`, one file per day (UTC), named `2026-11-23.jsonl`.

    Only one process may write it; the agent holds the host lock for that.

    Args:
        directory: Created when missing.
        keep: Files older than this are deleted when a new day begins.

    Raises:
        LedgerFullError: The directory cannot be made or written.
    """

    def __init__(self, directory: Path, *, keep: timedelta = timedelta(days=90)) -> None:
        self._directory = directory
        self._keep = keep
        self._lock = threading.Lock()
        self._day: date | None = None
        self._file: int | None = None
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error

    def append(self, entry: Entry) -> None:
        """Write one line and sync it to disk.

        Raises:
            LedgerFullError: It cannot be written; nothing may be acted upon.
        """
        line = _entry.dump_json(entry) + b"\n"
        with self._lock:
            try:
                file = self._open(entry.at.date())
                end = os.fstat(file).st_size
                try:
                    _write_all(file, line)
                    os.fdatasync(file)
                except OSError:
                    os.ftruncate(file, end)
                    raise
            except OSError as error:
                raise self._unwritable(error) from error

    def entries(self, *, since: datetime | None = None) -> Iterator[Entry]:
        """Read it back, oldest first. A torn line is left out, and said in the log."""
        for path in sorted(self._directory.glob("*.jsonl")):
            if since is not None and path.stem < f"{since.date():%Y-%m-%d}":
                continue
            for number, line in enumerate(path.read_bytes().splitlines(), 1):
                try:
                    entry = _entry.validate_json(line)
                except ValidationError:
                    log.warning("ledger line left out file=%s line=%d", path, number)
                    continue
                if since is None or entry.at >= since:
                    yield entry

    def close(self) -> None:
        """Close the file; a later append opens it again."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _open(self, day: date) -> int:
        if self._file is None or day != self._day:
            if self._file is not None:
                os.close(self._file)
            path = self._directory / f"{day:%Y-%m-%d}.jsonl"
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._day = day
            self._end_torn_line(path)
            self._forget(day)
        return self._file

    def _end_torn_line(self, path: Path) -> None:
        """A line that a crash cut short must not swallow the next one."""
        if self._file is not None and path.stat().st_size and path.read_bytes()[-1:] != b"\n":
            os.write(self._file, b"\n")

    def _forget(self, today: date) -> None:
        oldest = f"{today - self._keep:%Y-%m-%d}"
        for path in self._directory.glob("*.jsonl"):
            if path.stem < oldest:
                path.unlink(missing_ok=True)

    def _unwritable(self, error: OSError) -> LedgerFullError:
        return LedgerFullError(
            f"the ledger in {self._directory} cannot be written: {error.strerror}; "
            "free some space or give another state directory. Nothing is acted upon until then."
        )


def _write_all(file: int, line: bytes) -> None:
    if os.write(file, line) != len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
