"""History as the bytes of a file: plain arrays, and a line of JSON that says what they are."""

import io
import zipfile
import zlib
from dataclasses import replace

import numpy as np
import orjson

from healing.history import History, Mark
from healing.names import SignalName

FORMAT = 2
UNREADABLE = (
    *(OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error),
    *(RuntimeError, MemoryError, OverflowError),
)
"""What a file that was cut short, or is something else, makes NumPy raise. With a bit flipped, it
may claim to be encrypted, packed in an unknown way, or larger than memory."""


def with_newer(history: History, newer: History) -> History:
    """Put what is newer in place of the rows that it knows better."""
    first = (newer.start - history.start) // history.step
    values = np.full((first + len(newer), len(history.signals)), np.nan, np.float32)
    known = history.values[:first]
    values[: len(known)] = known
    values[first:] = newer.values
    return replace(history, values=values, marks=newer.marks)


def pack(history: History, token: int) -> bytes:
    """Pack history, and a token that tells which other file it goes with."""
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


def unpack(packed: bytes) -> tuple[History, int]:
    """Give the history, and its token; raises one of `UNREADABLE` when it is something else."""
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
