"""Models on local disk: plain arrays, and a manifest that says what they are."""

import hashlib
import io
import logging
import shutil
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from healing.adapters.files.packing import UNREADABLE
from healing.adapters.files.signing import is_signed, sign
from healing.adapters.files.whole import (
    UNFINISHED,
    cannot_write,
    file_name,
    is_older,
    make_directory,
    sync_directory,
    write_whole,
)
from healing.errors import ModelUnusableError
from healing.ports import Manifest, StoredModel

log = logging.getLogger(__name__)

ARRAYS = "arrays.npz"
MANIFEST = "manifest.json"
DAMAGED = ".damaged"
DIGITS = 8


@dataclass(frozen=True, slots=True)
class _Label:
    """What stands in the file beside the arrays."""

    manifest: Manifest
    sha256: str
    """Of the arrays as they are packed."""
    signature: str = ""
    """Of all the rest, by our key."""


_label = TypeAdapter(_Label)


class ModelFiles:
    """Keeps models in `directory`, each version in a folder of its own.

    Args:
        directory: Created when missing.
        key: Signs what is written; what it did not sign is not read.
        versions: How many of each model are kept.

    Raises:
        SetupError: The directory cannot be made.
    """

    def __init__(self, directory: Path, *, key: bytes, versions: int = 3) -> None:
        self._directory = directory
        self._key = key
        self._versions = versions
        make_directory(directory)

    def load(self, name: str) -> StoredModel:
        """Give the newest version that is whole and can be read; damaged ones are set aside.

        Raises:
            ModelUnusableError: There is none: train again.
        """
        folder = self._folder(name)
        for version in reversed(_versions(folder)):
            try:
                return _read(version, self._key)
            except FileNotFoundError:
                continue  # it was replaced by a newer one while we looked
            except OSError as error:
                log.warning("model cannot be read now version=%s because=%s", version, error)
            except UNREADABLE as error:
                log.warning("model set aside version=%s because=%s", version, error)
                _set_aside(version)
        raise ModelUnusableError(f"no whole model named {name!r} in {self._directory}: train it")

    def mark(self, name: str) -> str | None:
        """Tell the newest version from every other there was, without reading it; None for none."""
        for version in reversed(_versions(self._folder(name))):
            try:
                files = [(version / part).stat() for part in (ARRAYS, MANIFEST)]
            except FileNotFoundError:
                continue  # it was replaced by a newer one while we looked, or is not whole
            marks = [(file.st_ino, file.st_size, file.st_mtime_ns) for file in files]
            return f"{version.name} {marks}"
        return None

    def save(self, name: str, model: StoredModel) -> str:
        """Keep a new version, and say what it is called.

        Raises:
            SetupError: It cannot be written.
        """
        folder = self._folder(name)
        make_directory(folder)
        try:
            version = _write(folder, model, self._key)
            self._drop_old(folder)
        except OSError as error:
            raise cannot_write(folder, error) from error
        return version

    def keep_only(self, names: Collection[str], *, before: datetime) -> None:
        """Forget every other model that was last written before a time."""
        wanted = {self._folder(name) for name in names}
        for folder in self._directory.iterdir():
            if folder.is_dir() and folder not in wanted and is_older(before, folder):
                shutil.rmtree(folder, ignore_errors=True)
                log.info("model forgotten folder=%s", folder)

    def _folder(self, name: str) -> Path:
        return self._directory / file_name(name)

    def _drop_old(self, folder: Path) -> None:
        for version in _versions(folder)[: -self._versions]:
            shutil.rmtree(version, ignore_errors=True)


def _versions(folder: Path) -> list[Path]:
    """Name the versions there are, oldest first."""
    try:
        return sorted(path for path in folder.iterdir() if path.name.isdecimal())
    except FileNotFoundError:
        return []
    except OSError as error:
        log.warning("models cannot be read now folder=%s because=%s", folder, error)
        return []


def _write(folder: Path, model: StoredModel, key: bytes) -> str:
    arrays = _pack(model.arrays)
    label = _Label(model.manifest, hashlib.sha256(arrays).hexdigest())
    label = replace(label, signature=sign(_signed(label), key))
    unfinished = Path(tempfile.mkdtemp(dir=folder, suffix=UNFINISHED))
    try:
        write_whole(unfinished / ARRAYS, arrays, synced=True)
        write_whole(unfinished / MANIFEST, _label.dump_json(label, indent=2), synced=True)
        sync_directory(unfinished)
        version = _take_number(folder, unfinished)
        sync_directory(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return version


def _take_number(folder: Path, unfinished: Path) -> str:
    number = max((int(path.name) for path in _versions(folder)), default=0)
    while True:
        number += 1
        version = folder / f"{number:0{DIGITS}d}"
        try:
            unfinished.rename(version)
        except OSError:
            # Another trainer may have taken the number in the meantime.
            if not version.exists():
                raise
        else:
            return version.name


def _signed(label: _Label) -> bytes:
    return _label.dump_json(replace(label, signature=""))


def _read(version: Path, key: bytes) -> StoredModel:
    label = _label.validate_json((version / MANIFEST).read_bytes())
    packed = (version / ARRAYS).read_bytes()
    if hashlib.sha256(packed).hexdigest() != label.sha256:
        raise ValueError("its arrays are not those of its manifest")
    if not is_signed(_signed(label), key, label.signature):
        raise ValueError("it is not signed by our key")
    return StoredModel(label.manifest, _unpack(packed))


def _pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    packed = io.BytesIO()
    np.savez(packed, **cast("dict[str, Any]", arrays))
    return packed.getvalue()


def _unpack(packed: bytes) -> dict[str, NDArray[Any]]:
    with np.load(io.BytesIO(packed), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _set_aside(version: Path) -> None:
    aside = version.with_name(f"last{DAMAGED}")
    try:
        shutil.rmtree(aside, ignore_errors=True)
        version.rename(aside)
    except OSError as error:
        log.warning("model could not be set aside version=%s because=%s", version, error)
