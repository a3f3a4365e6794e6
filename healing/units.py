"""Durations, sizes and shares as people write them, and back again.

Every reader takes what stood in the file (text, or a number when the value did not come from a
file) and raises `ValueError` with a sentence for the operator.
"""

import math
import re
from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction

_MICROSECONDS: Mapping[str, int] = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
    "w": 7 * 86_400_000_000,
    "y": 365 * 86_400_000_000,
}
_SPELLED_OUT: Mapping[str, str] = {
    **dict.fromkeys(("msec", "msecs", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("week", "weeks"), "w"),
    **dict.fromkeys(("year", "years"), "y"),
}
_WRITTEN_WITH = ("d", "h", "m", "s", "ms", "us")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(_\d+)*(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_LONGEST_SHOWN = 60
_LONGEST = timedelta(days=365 * 100)

_BYTES: Mapping[str, int] = {
    "": 1,
    **{letter: 1000**power for power, letter in enumerate("kmgtp", start=1)},
    **{f"{letter}i": 1024**power for power, letter in enumerate("kmgtp", start=1)},
}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgtp]?i?)(b?)", re.ASCII | re.IGNORECASE)


def shown(value: object) -> str:
    """Quote a value for a message, shortened where it is long."""
    text = str(value)
    return repr(text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "...")


def one_line(text: str) -> str:
    """Write text so that it stays on its line and does nothing to the terminal."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


def read_number(value: object) -> float:
    """Read a finite number.

    Raises:
        ValueError: It is none.
    """
    text = str(value).strip()
    if isinstance(value, bool) or not _NUMBER.fullmatch(text):
        raise ValueError(f"must be a number, not {shown(value)}")
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"must be a finite number, not {shown(value)}")
    return number


def read_whole(value: object) -> int:
    """Read a whole number; `5.0` counts as one.

    Raises:
        ValueError: It is none.
    """
    text = str(value).strip()
    if isinstance(value, bool) or not _NUMBER.fullmatch(text) or Fraction(text) % 1:
        raise ValueError(f"must be a whole number, not {shown(value)}")
    read_number(value)
    return int(Fraction(text))


def read_duration(value: object) -> timedelta:
    """Read `30s`, `1h30m`, `250ms`, `7d`; a plain number is seconds.

    The units are us, ms, s, m, h, d, w (7 days) and y (365 days).

    Raises:
        ValueError: It is no duration, is negative, or is over 100 years.

    Example:
        >>> read_duration("1h30m")
        datetime.timedelta(seconds=5400)
    """
    if isinstance(value, timedelta):
        return value
    text = str(value).strip()
    bad = ValueError(f"must be a duration such as 250ms, 30s, 1h30m or 7d, not {shown(value)}")
    if isinstance(value, bool):
        raise bad
    if _NUMBER.fullmatch(text):
        amounts = {"s": Fraction(text)}
    else:
        amounts = _amounts(text)
        if not amounts:
            raise bad
    total = sum(amount * _MICROSECONDS[unit] for unit, amount in amounts.items())
    if total < 0:
        raise ValueError(f"must not be negative, not {shown(value)}")
    if total > _LONGEST // timedelta(microseconds=1):
        raise ValueError(f"must be at most 100 years, not {shown(value)}")
    return timedelta(microseconds=round(total))


def read_some_time(value: object) -> timedelta:
    """Read a duration that must not be zero.

    Raises:
        ValueError: It is zero, or no duration.
    """
    duration = read_duration(value)
    if not duration:
        raise ValueError(f"must be more than zero, not {shown(value)}")
    return duration


def _amounts(text: str) -> dict[str, Fraction]:
    """Split `1h30m` into its parts by unit; empty when it does not read as a duration."""
    amounts: dict[str, Fraction] = {}
    end = 0
    for part in _DURATION_PART.finditer(text):
        word = part[2].lower()
        unit = _SPELLED_OUT.get(word, word)
        if part.start() != end or unit not in _MICROSECONDS or unit in amounts:
            return {}
        amounts[unit] = Fraction(part[1])
        end = part.end()
    return amounts if end == len(text) else {}


def write_duration(duration: timedelta) -> str:
    """Write a duration as `read_duration` reads it.

    Example:
        >>> write_duration(timedelta(seconds=5400))
        '1h30m'
    """
    left = duration // timedelta(microseconds=1)
    parts: list[str] = []
    for unit in _WRITTEN_WITH:
        amount, left = divmod(left, _MICROSECONDS[unit])
        if amount:
            parts.append(f"{amount}{unit}")
    return "".join(parts) or "0s"


def read_size(value: object) -> int:
    """Read `512MiB`, `1GB`, `200M` or a plain number as bytes.

    `Ki Mi Gi Ti Pi` are powers of 1024, `k M G T P` powers of 1000; the `B` may be left out. A
    lower-case `m`, `g`, `t` or `p` without `B` is refused: Docker and SI read it differently.

    Raises:
        ValueError: It is no size.

    Example:
        >>> read_size("512MiB")
        536870912
    """
    match = _SIZE.fullmatch(str(value).strip())
    if isinstance(value, bool) or match is None:
        raise ValueError(f"must be a size such as 512MiB, 1GB or 200M, not {shown(value)}")
    amount, unit, byte = match[1], match[2], match[3]
    if unit in {"m", "g", "t", "p"} and not byte:
        binary, decimal = f"{amount}{unit.upper()}iB", f"{amount}{unit.upper()}B"
        raise ValueError(f"{shown(value)} has two meanings: write {binary} or {decimal}")
    if unit.lower() == "i":
        raise ValueError(f"must be a size such as 512MiB, 1GB or 200M, not {shown(value)}")
    return round(Fraction(amount) * _BYTES[unit.lower()])


def write_size(size: int) -> str:
    """Write bytes as `read_size` reads them, in the largest unit that divides them.

    Example:
        >>> write_size(536870912)
        '512MiB'
    """
    for letter in reversed("kmgtp"):
        for unit, label in ((f"{letter}i", f"{letter.upper()}iB"), (letter, f"{letter.upper()}B")):
            if size and size % _BYTES[unit] == 0:
                return f"{size // _BYTES[unit]}{label.replace('KB', 'kB')}"
    return str(size)


def read_share(value: object) -> float:
    """Read a share of a whole as a ratio from 0 to 1.

    `80%` and `80` are 0.8, and so is `0.8`: a number above 1 is a percentage, below 1 a ratio. A
    bare 1 could be either and is refused.

    Raises:
        ValueError: It is no share, is beyond 100 %, or is a bare 1.

    Example:
        >>> read_share("80"), read_share("80%"), read_share("0.8")
        (0.8, 0.8, 0.8)
    """
    text = str(value).strip()
    percent = text.endswith("%")
    number = text.removesuffix("%").strip()
    if isinstance(value, bool) or not _NUMBER.fullmatch(number):
        raise ValueError(f"must be a share such as 80% or 0.8, not {shown(value)}")
    amount = Fraction(number)
    if not percent and amount == 1:
        raise ValueError(f"{shown(value)} has two meanings: write 1% or 100%")
    ratio = amount / 100 if percent or amount > 1 else amount
    if not 0 <= ratio <= 1:
        raise ValueError(f"must be from 0% to 100%, not {shown(value)}")
    return float(ratio)


def write_share(ratio: float) -> str:
    """Write a ratio as a percentage."""
    return f"{float(Fraction(str(ratio)) * 100):.12g}%"


def read_ratio(value: object) -> float:
    """Read a number from 0 to 1; `80%` is 0.8.

    Raises:
        ValueError: It is none.
    """
    if str(value).strip().endswith("%"):
        return read_share(value)
    number = read_number(value)
    if not 0 <= number <= 1:
        raise ValueError(f"must be from 0 to 1, not {shown(value)}")
    return number
