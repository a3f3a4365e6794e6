"""Say quantities and durations as people do."""

from datetime import timedelta

_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_KILO = 1024.0
_FINE = 10.0

_CLOCK = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


def say(value: float, unit: str = "") -> str:
    """Say a quantity in its unit.

    Example:
        >>> say(268435456.0, "bytes"), say(0.42, "ratio"), say(1.23456, "seconds"), say(7.0)
        ('256 MiB', '42 %', '1.235 s', '7')
    """
    match unit:
        case "bytes" | "B":
            return _bytes(value)
        case "ratio":
            return f"{100 * value:.3g} %"
        case "seconds" | "s":
            return f"{value:.4g} s"
        case "percent" | "%":
            return f"{value:.4g} %"
        case "":
            return f"{value:.4g}"
        case _:
            return f"{value:.4g} {unit}"


def say_rate(per_second: float, unit: str = "") -> str:
    """Say how fast something grows, by a time that gives a readable number.

    Example:
        >>> say_rate(1572864.0, "bytes"), say_rate(0.0005, "ratio")
        ('1.5 MiB/s', '3 %/min')
    """
    scale = _KILO if unit in {"bytes", "B"} else 0.01 if unit == "ratio" else 1.0
    for name, seconds in (("s", 1), ("min", 60), ("h", 3600)):
        if abs(per_second) * seconds >= scale:
            return f"{say(per_second * seconds, unit)}/{name}"
    return f"{say(per_second * 86_400, unit)}/d"


def say_time(time: timedelta) -> str:
    """Say a duration by its two largest parts.

    Example:
        >>> say_time(timedelta(seconds=107)), say_time(timedelta(days=2, hours=3, minutes=5))
        ('1 min 47 s', '2 d 3 h')
    """
    left = round(time.total_seconds())
    for place, (name, seconds) in enumerate(_CLOCK):
        if left >= seconds:
            count, rest = divmod(left, seconds)
            said = f"{count} {name}"
            if place + 1 < len(_CLOCK):
                smaller, size = _CLOCK[place + 1]
                said += f" {rest // size} {smaller}" if rest // size else ""
            return said
    return "0 s"


def _bytes(value: float) -> str:
    power = 0
    while abs(value) >= _KILO and power < len(_BINARY) - 1:
        value /= _KILO
        power += 1
    digits = 1 if abs(value) < _FINE and value % 1 else 0
    return f"{value:.{digits}f} {_BINARY[power]}"
