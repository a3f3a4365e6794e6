"""What one program printed, with the time of each line; the oldest is dropped."""

from datetime import UTC, datetime
from pathlib import Path

KEPT = 4 * 1024 * 1024
"""Bytes in each of two files."""
LONGEST_LINE = 16 * 1024


class Journal:
    """Takes the output of a program in and reads it back.

    Args:
        file: Where it is kept; older output stands beside it, in `<file>.1`.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._older = file.with_suffix(file.suffix + ".1")
        self._torn = b""

    def take(self, data: bytes, at: datetime) -> None:
        """Write what was just printed; a line that has not ended is kept for later."""
        *lines, self._torn = (self._torn + data).split(b"\n")
        if len(self._torn) > LONGEST_LINE:
            lines.append(self._torn)
            self._torn = b""
        self._write(lines, at)

    def end(self, at: datetime) -> None:
        """Write the rest: the program is gone."""
        if self._torn:
            self._write([self._torn], at)
            self._torn = b""

    def read(self, *, lines: int, since: datetime | None) -> str:
        """Read the last lines back, oldest first."""
        kept: list[bytes] = []
        for file in (self._older, self._file):
            if file.exists():
                kept += file.read_bytes().splitlines()
        texts: list[str] = []
        for line in kept[-lines:]:
            stamp, _, said = line.partition(b" ")
            if since is None or datetime.fromisoformat(stamp.decode()) >= since:
                texts.append(said.decode(errors="replace"))
        return "".join(f"{said}\n" for said in texts)

    def _write(self, lines: list[bytes], at: datetime) -> None:
        if not lines:
            return
        stamp = at.astimezone(UTC).isoformat().encode()
        if self._file.exists() and self._file.stat().st_size > KEPT:
            self._file.replace(self._older)
        with self._file.open("ab") as opened:
            opened.writelines(stamp + b" " + line + b"\n" for line in lines)
