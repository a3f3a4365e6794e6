"""Models stay in memory while they are the same on disk: a fleet is looked at every minute."""

import threading
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from healing.adapters.files.models import ModelFiles
from healing.ports import StoredModel

MOST_BYTES = 320 * 2**20
"""Room for about a thousand models; those that find none are read at each look."""


@dataclass(slots=True, kw_only=True)
class _Remembered:
    model: StoredModel
    mark: str | None
    size: int
    in_use: bool = True
    """Whether it was asked for since it was last asked to make room."""


class RememberedModels:
    """Gives the models of a directory, and reads each version once. Safe to share among threads.

    A new version counts at once, whoever wrote it: the files are looked at each time, but not read.

    Args:
        files: Where they are kept.
        most_bytes: All that is remembered is no larger than this.
    """

    def __init__(self, files: ModelFiles, *, most_bytes: int = MOST_BYTES) -> None:
        self._files = files
        self._most_bytes = most_bytes
        self._remembered = dict[str, _Remembered]()
        self._bytes = 0
        self._lock = threading.Lock()

    def load(self, name: str) -> StoredModel:
        """Give the newest version that is whole; its arrays cannot be written to.

        Raises:
            ModelUnusableError: There is none: train again.
        """
        mark = self._files.mark(name)  # before it is read: one that comes in between counts next
        with self._lock:
            known = self._remembered.get(name)
            if known is not None and known.mark == mark is not None:
                known.in_use = True
                return known.model
            self._forget(name)
        model = self._files.load(name)
        for array in model.arrays.values():
            array.flags.writeable = False
        size = sum(array.nbytes for array in model.arrays.values())
        with self._lock:
            self._remember(name, _Remembered(model=model, mark=mark, size=size))
        return model

    def save(self, name: str, model: StoredModel) -> str:
        """Keep a new version, and say what it is called.

        Raises:
            SetupError: It cannot be written.
        """
        return self._files.save(name, model)

    def keep_only(self, names: Collection[str], *, before: datetime) -> None:
        """Forget every other model that was last written before a time."""
        self._files.keep_only(names, before=before)

    def _remember(self, name: str, new: _Remembered) -> None:
        self._forget(name)
        if self._bytes + new.size > self._most_bytes:
            self._make_room()
        if self._bytes + new.size <= self._most_bytes:
            self._remembered[name] = new
            self._bytes += new.size

    def _make_room(self) -> None:
        """Forget the one that waited longest, unless it is in use: then it waits again.

        A fleet is asked for in rounds. To forget what was used least recently would then forget
        each model just before it is asked for.
        """
        for name in list(self._remembered)[:1]:
            oldest = self._remembered.pop(name)
            if oldest.in_use:
                oldest.in_use = False
                self._remembered[name] = oldest
            else:
                self._bytes -= oldest.size

    def _forget(self, name: str) -> None:
        known = self._remembered.pop(name, None)
        self._bytes -= known.size if known else 0
