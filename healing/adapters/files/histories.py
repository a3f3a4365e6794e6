"""History on local disk: one file of plain arrays per service."""

import io
import logging
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path

import numpy as np

from healing.adapters.files.whole import cannot_write, file_name, make_directory, write_whole
from healing.history import History, Mark
from healing.names import ServiceName, SignalName

log = logging.getLogger(__name__)

FORMAT = 1
SUFFIX = ".npz"
DAMAGED = ".damaged"
UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)
"""What a file that was cut short, or is something else, makes NumPy raise."""


class HistoryFiles:
    """Keeps history in `directory`.

    Raises:
        SetupError: The directory cannot be made.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        make_directory(directory)

    def load(self, service: ServiceName) -> History | None:
        """Give what was kept; None when there is nothing, or nothing that can be read.

        A file that cannot be read is set aside under another name.
        """
        path = self._path(service)
        try:
            return _unpack(path.read_bytes())
        except FileNotFoundError:
            return None
        except UNREADABLE as error:
            log.warning("history set aside, it will be read again file=%s because=%s", path, error)
            self._set_aside(path)
            return None

    def save(self, service: ServiceName, history: History) -> None:
        """Keep `history` in place of what was kept before.

        Raises:
            SetupError: It cannot be written.
        """
        path = self._path(service)
        try:
            write_whole(path, _pack(history), synced=False)
        except OSError as error:
            raise cannot_write(path, error) from error

    def keep_only(self, services: Collection[ServiceName]) -> None:
        """Forget the history of every other service."""
        wanted = {self._path(service) for service in services}
        for path in self._directory.glob(f"*{SUFFIX}"):
            if path not in wanted:
                path.unlink(missing_ok=True)
                path.with_suffix(DAMAGED).unlink(missing_ok=True)
                log.info("history forgotten file=%s", path)

    def _path(self, service: ServiceName) -> Path:
        return self._directory / f"{file_name(service)}{SUFFIX}"

    def _set_aside(self, path: Path) -> None:
        try:
            path.replace(path.with_suffix(DAMAGED))
        except OSError as error:
            log.warning("history could not be set aside file=%s because=%s", path, error)


def _pack(history: History) -> bytes:
    marks = history.marks
    packed = io.BytesIO()
    np.savez(
        packed,
        format=np.array(FORMAT),
        start=np.array(history.start),
        step=np.array(history.step),
        signals=np.array(history.signals, np.str_),
        values=history.values,
        marked=np.array(list(marks), np.str_),
        queries=np.array([mark.query for mark in marks.values()], np.str_),
        until=np.array([mark.until for mark in marks.values()], np.int64),
    )
    return packed.getvalue()


def _unpack(packed: bytes) -> History:
    with np.load(io.BytesIO(packed), allow_pickle=False) as file:
        if (made := int(file["format"])) != FORMAT:
            raise ValueError(f"it is of format {made}, and we write {FORMAT}")
        marks = zip(
            file["marked"].tolist(), file["queries"].tolist(), file["until"].tolist(), strict=True
        )
        return History(
            start=int(file["start"]),
            step=int(file["step"]),
            signals=tuple(SignalName(name) for name in file["signals"].tolist()),
            values=file["values"],
            marks={SignalName(name): Mark(query, until) for name, query, until in marks},
        )
