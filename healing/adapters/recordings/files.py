"""Read recordings from a file or a folder of files."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healing.adapters.files.packing import UNREADABLE
from healing.adapters.recordings.tables import TABLES, read_table
from healing.backtest import Recording, from_split, from_times
from healing.errors import BadInputError

ARCHIVE = ".npz"
WANTED = "arrays `train` and `test`, or `timestamps` and `values`"


@dataclass(frozen=True, slots=True)
class Unread:
    """A file of a folder that holds no recording, and why."""

    name: str
    why: str


def read_recordings(path: Path) -> Iterator[Recording | Unread]:
    """Read a file, or every file of a folder and those below it, one at a time.

    In a folder, files that hold no recording are named and passed over.

    Raises:
        BadInputError: There is nothing to read, or the one file cannot be read.
    """
    if not path.is_dir():
        yield from _read(path, path.name)
        return
    known = {ARCHIVE, *TABLES}
    files = sorted(file for file in path.rglob("*") if file.suffix.lower() in known)
    if not files:
        raise BadInputError(f"{path}: no file that ends in {', '.join(sorted(known))}")
    for file in files:
        name = file.relative_to(path).as_posix()
        try:
            yield from _read(file, name)
        except BadInputError as error:
            yield Unread(name, str(error).removeprefix(f"{file}: "))


def read_recording(path: Path) -> Recording:
    """Read the one recording of an archive.

    Raises:
        BadInputError: There is none; the message says what is wrong with the file.
    """
    if path.suffix.lower() in TABLES:
        first, *more = _read(path, path.name)
        if more:
            raise BadInputError(f"{path}: it holds {len(more) + 1} series, and one is needed")
        return first
    return _archive(path, path.name)


def _read(path: Path, name: str) -> list[Recording]:
    if path.suffix.lower() in TABLES:
        return read_table(path, name)
    return [_archive(path, name)]


def _archive(path: Path, name: str) -> Recording:
    try:
        loaded: Any = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            raise BadInputError(f"{path}: one bare array; {WANTED} are needed, in an .npz")
        with loaded as file:
            # A member that is no array is given as bytes.
            read: dict[str, Any] = {name: file[name] for name in file.files if name in _KEYS}
        arrays = {name: one for name, one in read.items() if not isinstance(one, bytes)}
    except FileNotFoundError:
        raise BadInputError(f"{path}: there is no such file") from None
    except PermissionError:
        raise BadInputError(f"{path}: it may not be read") from None
    except UNREADABLE as error:
        # What NumPy says itself recommends to unpickle it.
        said = "it is no NumPy archive of plain arrays; write one with `numpy.savez`"
        raise BadInputError(f"{path}: {said}") from error
    try:
        return _recording(name, arrays)
    except BadInputError as error:
        raise BadInputError(f"{path}: {error}") from None


_KEYS = frozenset(
    ("train", "test", "test_labels", "timestamps", "values", "labels", "step", "names")
)


def _recording(name: str, arrays: Mapping[str, NDArray[Any]]) -> Recording:
    signals = [_said(one) for one in arrays.get("names", np.empty(0)).ravel().tolist()]
    step = _step(arrays)
    if "train" in arrays and "test" in arrays:
        return from_split(
            name,
            arrays["train"],
            arrays["test"],
            labels=arrays.get("test_labels", arrays.get("labels")),
            signals=signals,
            **({} if step is None else {"step": step}),
        )
    if "timestamps" in arrays and "values" in arrays:
        return from_times(
            name,
            arrays["timestamps"],
            arrays["values"],
            step=step,
            labels=arrays.get("labels"),
            signals=signals,
        )
    raise BadInputError(f"{WANTED} are needed; there are {', '.join(sorted(arrays)) or 'none'}")


def _said(name: object) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else str(name)


def _step(arrays: Mapping[str, NDArray[Any]]) -> float | None:
    if "step" not in arrays:
        return None
    step = arrays["step"]
    if step.size != 1 or step.dtype.kind not in "iuf":
        raise BadInputError(f"`step` must be one number of seconds, and is {step!r}")
    return float(step.reshape(-1)[0])
