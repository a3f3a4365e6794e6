"""History on local disk: per service one file of all of it, and a small one of what is new since.

The large file is written again only now and then, so that a run costs what is new. Both are plain
arrays.
"""

import logging
import zlib
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from healing.adapters.files.packing import UNREADABLE, pack, unpack, with_newer
from healing.adapters.files.whole import (
    cannot_read,
    cannot_write,
    file_name,
    is_older,
    make_directory,
    write_whole,
)
from healing.history import History
from healing.names import ServiceName, SignalName

log = logging.getLogger(__name__)

SUFFIX = ".npz"
NEWER = ".new"
DAMAGED = ".damaged"
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
    end: int
    """Newest time in either file."""
    mark: tuple[int, ...]
    """Tells the two files from every other there was."""


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

        A damaged file is set aside under another name.

        Raises:
            SetupError: It is there, and may not or cannot be read now.
        """
        self._kept.pop(service, None)
        path = self._path(service)
        mark = _mark(path)  # before they are read: what comes in between counts next time
        if (packed := _packed(path)) is None:
            return None
        try:
            history, token = unpack(packed)
        except UNREADABLE as error:
            log.warning("history set aside, it will be read again file=%s because=%s", path, error)
            self._set_aside(path)
            return None
        kept = _kept(history, token, mark)
        newer = self._newer(path.with_suffix(NEWER), token)
        if newer is not None and newer.signals == history.signals and newer.start > history.start:
            kept = replace(kept, newer_from=min(newer.start, kept.newer_from), end=newer.end)
            history = with_newer(history, newer)
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

    def extend(self, service: ServiceName, newer: History, *, most: int) -> None:
        """Put rows behind those that are kept, without reading all of them.

        Rows at times that are kept already change nothing. What is kept of another step, or of
        other signals, is replaced. How far signals have been read is what `newer` says of it.

        Args:
            service: Whose they are.
            newer: At least one row.
            most: About so many rows are kept, the newest; never more than a quarter above that.

        Raises:
            SetupError: They cannot be written.
        """
        path = self._path(service)
        kept = self._kept.get(service)
        if kept is None or kept.mark != _mark(path):
            self.load(service)
            kept = self._kept.get(service)
        if kept is None or (kept.step, kept.signals) != (newer.step, newer.signals):
            self.save(service, newer)
        elif newer.end > kept.end:
            newer = newer.rows(max(0, (kept.end - newer.start) // newer.step + 1), len(newer))
            try:
                if not self._put_behind(path, service, newer, kept):
                    self._write(path, service, self._joined(service, newer).tail(most))
            except OSError as error:
                raise cannot_write(path, error) from error

    def _put_behind(self, path: Path, service: ServiceName, newer: History, kept: _Kept) -> bool:
        """Write only the small file, with these rows behind it; False when it would grow large."""
        since = min(kept.newer_from, newer.start)
        few = _few((newer.end - kept.start) // newer.step + 1, kept.token)
        if (newer.end - since) // newer.step + 1 > few:
            return False
        known = self._newer(path.with_suffix(NEWER), kept.token)
        together = newer if known is None else with_newer(known, newer)
        write_whole(path.with_suffix(NEWER), pack(together, kept.token), synced=False)
        since = min(kept.newer_from, together.start)
        self._kept[service] = replace(kept, newer_from=since, end=newer.end, mark=_mark(path))
        return True

    def _joined(self, service: ServiceName, newer: History) -> History:
        known = self.load(service)
        return newer if known is None else with_newer(known, newer)

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
        few = _few(len(history), kept.token)
        if since <= kept.start or first == 0 or len(history) - first > few:
            return False
        newer = history.rows(min(first, len(history)), len(history))
        write_whole(path.with_suffix(NEWER), pack(newer, kept.token), synced=False)
        self._kept[service] = replace(kept, newer_from=since, end=history.end, mark=_mark(path))
        return True

    def _write(self, path: Path, service: ServiceName, history: History) -> None:
        token = zlib.crc32(history.values.tobytes(), zlib.crc32(service.encode()))
        write_whole(path, pack(history, token), synced=False)
        path.with_suffix(NEWER).unlink(missing_ok=True)
        self._kept[service] = _kept(history, token, _mark(path))

    def _newer(self, path: Path, token: int) -> History | None:
        if (packed := _packed(path)) is None:
            return None
        try:
            newer, goes_with = unpack(packed)
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


def _packed(path: Path) -> bytes | None:
    """Read a file; None when there is none. What cannot be read now may be whole all the same."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise cannot_read(path, error) from error


def _kept(history: History, token: int, mark: tuple[int, ...]) -> _Kept:
    """Describe what stands in the large file alone."""
    return _Kept(
        token=token,
        start=history.start,
        step=history.step,
        signals=history.signals,
        newer_from=history.end + 1,
        end=history.end,
        mark=mark,
    )


def _mark(path: Path) -> tuple[int, ...]:
    """Tell the two files of a service from every other there was, without reading them."""
    marks = list[int]()
    for one in (path, path.with_suffix(NEWER)):
        with suppress(FileNotFoundError):
            file = one.stat()
            marks += [file.st_ino, file.st_size, file.st_mtime_ns]
    return tuple(marks)


def _few(rows: int, token: int) -> int:
    """Say how many rows the small file may hold beside `rows` in all."""
    few = max(FEWEST_NEW, int(MOST_NEW * rows))
    # Not all services at the same run: each has its own turn.
    return few - token % (few // 2)
