"""History on local disk: per service one file of all of it, and a small one of what is new since.

The large file is written again only now and then, so that a run costs what is new. Both are plain
arrays.
"""

import io
import logging
import zipfile
import zlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import orjson

from healing.adapters.files.whole import (
    cannot_write,
    file_name,
    is_older,
    make_directory,
    write_whole,
)
from healing.history import History, Mark
from healing.names import ServiceName, SignalName

log = logging.getLogger(__name__)

FORMAT = 2
SUFFIX = ".npz"
NEWER = ".new"
DAMAGED = ".damaged"
UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)
"""What a file that was cut short, or is something else, makes NumPy raise."""
MOST_NEW = 1 / 8
FEWEST_NEW = 64
"""The small file holds up to this share of the rows, or so many if that is more."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What stands in the large file of a service, as far as the small one needs to know."""

    token: int
    """Tells which large file a small one goes with."""
    start: int
    step: int
    signals: tuple[SignalName, ...]
    newer_from: int
    """Earliest time that was changed since; in seconds since the epoch."""


class HistoryFiles:
    """Keeps history in `directory`.

    Raises:
        SetupError: The directory cannot be made.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._kept = dict[ServiceName, _Kept]()
        make_directory(directory)

    def load(self, service: ServiceName) -> History | None:
        """Give what was kept; None when there is nothing, or nothing that can be read.

        A file that cannot be read is set aside under another name.
        """
        self._kept.pop(service, None)
        path = self._path(service)
        try:
            history, token = _unpack(path.read_bytes())
        except FileNotFoundError:
            return None
        except UNREADABLE as error:
            log.warning("history set aside, it will be read again file=%s because=%s", path, error)
            self._set_aside(path)
            return None
        kept = _Kept(token, history.start, history.step, history.signals, history.end + 1)
        newer = self._newer(path.with_suffix(NEWER), token)
        if newer is not None and newer.signals == history.signals and newer.start > history.start:
            kept = replace(kept, newer_from=min(newer.start, kept.newer_from))
            history = _with_newer(history, newer)
        self._kept[service] = kept
        return history

    def save(
        self, service: ServiceName, history: History, *, changed_from: int | None = None
    ) -> None:
        """Keep `history` in place of what was kept before.

        Args:
            service: Whose it is.
            history: All of it.
            changed_from: Nothing before this time differs from what was kept before, in seconds
                since the epoch; None when that is not known.

        Raises:
            SetupError: It cannot be written.
        """
        path = self._path(service)
        try:
            if changed_from is None or not self._append(path, service, history, changed_from):
                self._write(path, service, history)
        except OSError as error:
            raise cannot_write(path, error) from error

    def keep_only(self, services: Collection[ServiceName], *, before: datetime) -> None:
        """Forget the history of every other service that was last written before a time."""
        wanted = {self._path(service) for service in services}
        for path in self._directory.glob(f"*{SUFFIX}"):
            if path not in wanted and is_older(before, path, path.with_suffix(NEWER)):
                for one in (path, path.with_suffix(NEWER), path.with_suffix(DAMAGED)):
                    one.unlink(missing_ok=True)
                log.info("history forgotten file=%s", path)

    def _append(
        self, path: Path, service: ServiceName, history: History, changed_from: int
    ) -> bool:
        """Write only what is new since the large file; False when that would not be little."""
        kept = self._kept.get(service)
        if kept is None or (kept.step, kept.signals) != (history.step, history.signals):
            return False
        since = min(kept.newer_from, changed_from)
        first = max(0, (since - history.start) // history.step)
        few = max(FEWEST_NEW, int(MOST_NEW * len(history)))
        # Not all services at the same run: each has its own turn.
        few -= kept.token % (few // 2)
        if since <= kept.start or first == 0 or len(history) - first > few:
            return False
        newer = history.rows(min(first, len(history)), len(history))
        write_whole(path.with_suffix(NEWER), _pack(newer, kept.token), synced=False)
        self._kept[service] = replace(kept, newer_from=since)
        return True

    def _write(self, path: Path, service: ServiceName, history: History) -> None:
        token = zlib.crc32(history.values.tobytes(), zlib.crc32(service.encode()))
        write_whole(path, _pack(history, token), synced=False)
        path.with_suffix(NEWER).unlink(missing_ok=True)
        self._kept[service] = _Kept(
            token, history.start, history.step, history.signals, history.end + 1
        )

    def _newer(self, path: Path, token: int) -> History | None:
        try:
            newer, goes_with = _unpack(path.read_bytes())
        except FileNotFoundError:
            return None
        except UNREADABLE as error:
            log.warning(
                "newest history lost, it will be read again file=%s because=%s", path, error
            )
            return None
        return newer if goes_with == token else None

    def _path(self, service: ServiceName) -> Path:
        return self._directory / f"{file_name(service)}{SUFFIX}"

    def _set_aside(self, path: Path) -> None:
        try:
            path.replace(path.with_suffix(DAMAGED))
        except OSError as error:
            log.warning("history could not be set aside file=%s because=%s", path, error)


def _with_newer(history: History, newer: History) -> History:
    """Put what is newer in place of the rows that it knows better."""
    first = (newer.start - history.start) // history.step
    values = np.full((first + len(newer), len(history.signals)), np.nan, np.float32)
    known = history.values[:first]
    values[: len(known)] = known
    values[first:] = newer.values
    return replace(history, values=values, marks=newer.marks)


def _pack(history: History, token: int) -> bytes:
    about = {
        "format": FORMAT,
        "token": token,
        "start": history.start,
        "step": history.step,
        "signals": history.signals,
        "marks": {name: [mark.query, mark.until] for name, mark in history.marks.items()},
    }
    packed = io.BytesIO()
    text = np.frombuffer(orjson.dumps(about), np.uint8)
    np.savez(packed, about=text, values=history.values)
    return packed.getvalue()


def _unpack(packed: bytes) -> tuple[History, int]:
    with np.load(io.BytesIO(packed), allow_pickle=False) as file:
        about = orjson.loads(file["about"].tobytes())
        if (made := about["format"]) != FORMAT:
            raise ValueError(f"it is of format {made}, and we write {FORMAT}")
        marks = {SignalName(name): Mark(*mark) for name, mark in about["marks"].items()}
        history = History(
            start=about["start"],
            step=about["step"],
            signals=tuple(SignalName(name) for name in about["signals"]),
            values=file["values"],
            marks=marks,
        )
        return history, about["token"]
