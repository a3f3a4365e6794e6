"""A labelled set: leaks, and what looks like leaks, put into real memory of machines and pods."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks._recordings import Recording

Values = NDArray[np.float64]
HOUR, DAY = 60, 1440
MEASURED = 0.7
SHRUNK = 0.5
"""The real wandering of a machine, as a share of what it was: a service has room to grow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One look at one series.

    Attributes:
        kind: What was put into it.
        leaks: The truth.
        values: Memory, newest row last. Shape (n,).
        load: Requests per second where they are known. Shape (n,).
        resident: What the program holds, where `values` counts the page cache too.
        limit: Where memory is full.
        step: Seconds from row to row.
        restarts: Rows at which it was started anew, as the engine tells.
    """

    kind: str
    leaks: bool
    values: Values
    load: Values | None
    resident: Values | None
    limit: float
    step: int
    restarts: tuple[int, ...] = ()


def cases(recordings: list[Recording], *, seed: int) -> Iterator[Case]:
    """Make one case of each kind from each recording."""
    random = np.random.default_rng(seed)
    for recording in recordings:
        base, load = _base(recording, random)
        if np.isfinite(base).mean() < MEASURED:
            continue
        for kind, make in KINDS.items():
            yield make(kind, base.copy(), load, recording.step, random)


def _base(recording: Recording, random: np.random.Generator) -> tuple[Values, Values | None]:
    """Cut a window, and bring it to a third of the limit of 100."""
    values = recording.values
    rows = min(len(values), int(random.integers(1, 4)) * DAY)
    first = int(random.integers(0, len(values) - rows + 1))
    values = values[first : first + rows]
    load = None if recording.load is None else recording.load[first : first + rows]
    if np.isfinite(values).mean() < MEASURED or not np.nanmedian(values) > 0:
        return np.full(len(values), np.nan), None
    middle, spread = np.nanmedian(values), np.nanstd(values)
    shrink = SHRUNK if spread > 0.02 * middle else 1.0
    return 33 + 33 * shrink * (values - middle) / middle, load


def _ramp(rows: int, random: np.random.Generator) -> tuple[Values, int]:
    """Make growth that would be full in 3 to 48 h, and has gone on for a fifth to a half of it."""
    hours = np.exp(random.uniform(np.log(3), np.log(48)))
    lasted = int(np.clip(hours * HOUR * random.uniform(0.2, 0.55), 3 * HOUR, 0.8 * rows))
    ramp = np.zeros(rows)
    ramp[rows - lasted :] = 67 / (hours * HOUR) * np.arange(lasted)
    return ramp, lasted


def _plain(kind: str, base: Values, load: Values | None, step: int, _: object) -> Case:
    return _case(kind, base, load, step, leaks=False)


def _leak(
    kind: str, base: Values, load: Values | None, step: int, random: np.random.Generator
) -> Case:
    return _case(kind, base + _ramp(len(base), random)[0], load, step, leaks=True)


def _leak_and_teeth(
    kind: str, base: Values, load: Values | None, step: int, random: np.random.Generator
) -> Case:
    values = base + _ramp(len(base), random)[0] + _teeth(len(base), random)
    return _case(kind, values, load, step, leaks=True)


def _leak_and_days(
    kind: str, base: Values, load: Values | None, step: int, random: np.random.Generator
) -> Case:
    values = base + _ramp(len(base), random)[0] + _days(len(base), random, 4)
    return _case(kind, values, load, step, leaks=True)


def _leak_after_restart(
    kind: str, base: Values, load: Values | None, step: int, random: np.random.Generator
) -> Case:
    ramp, lasted = _ramp(len(base), random)
    at = len(base) - lasted
    before = max(0, at - lasted)
    base[before:at] += 0.7 * ramp[-1] * np.linspace(0, 1, at - before)
    return _case(kind, base + ramp, load, step, leaks=True, restarts=(at,))


def _teeth(rows: int, random: np.random.Generator) -> Values:
    period = int(random.integers(20, 90))
    return random.uniform(12, 25) * ((np.arange(rows) + random.integers(period)) % period) / period


def _days(rows: int, random: np.random.Generator, size: float) -> Values:
    return size * np.sin(2 * np.pi * (np.arange(rows) / DAY + random.uniform()))


def _saw_tooth(
    kind: str, base: Values, load: Values | None, step: int, random: np.random.Generator
) -> Case:
    return _case(kind, base + _teeth(len(base), random), load, step, leaks=False)


def _step(
    kind: str, base: Values, load: Values | None, step: int, random: np.random.Generator
) -> Case:
    base[int(random.uniform(0.3, 0.95) * len(base)) :] += random.uniform(8, 30)
    return _case(kind, base, load, step, leaks=False)


def _warm_up(
    kind: str, base: Values, load: Values | None, step: int, random: np.random.Generator
) -> Case:
    at = int(random.uniform(0.1, 0.8) * len(base))
    after = np.arange(len(base) - at)
    taken = max(10.0, random.uniform(0.02, 0.15) * len(after))
    base[at:] *= 1 - 0.8 * np.exp(-after / taken)
    return _case(kind, base, load, step, leaks=False, restarts=(at,))


def _restarts(
    kind: str, base: Values, load: Values | None, step: int, random: np.random.Generator
) -> Case:
    rows = sorted(int(row) for row in random.uniform(0.1, 0.9, 3) * len(base))
    for row in rows:
        after = np.arange(len(base) - row)
        base[row:] *= 1 - 0.7 * np.exp(-after / 15)
    return _case(kind, base, load, step, leaks=False, restarts=tuple(rows))


def _page_cache(
    kind: str, base: Values, load: Values | None, step: int, random: np.random.Generator
) -> Case:
    values = base + _ramp(len(base), random)[0]
    return _case(kind, values, load, step, leaks=False, resident=base)


def _growing_days(
    kind: str, base: Values, load: Values | None, step: int, random: np.random.Generator
) -> Case:
    values = base + _days(len(base), random, random.uniform(6, 15))
    return _case(kind, values, load, step, leaks=False)


def _more_load(
    kind: str, base: Values, _: Values | None, step: int, random: np.random.Generator
) -> Case:
    ramp, _ = _ramp(len(base), random)
    load = 50 + ramp + 3 * random.standard_normal(len(base))
    return _case(kind, base + 0.6 * (load - 50), load, step, leaks=False)


def _case(
    kind: str,
    values: Values,
    load: Values | None,
    step: int,
    *,
    leaks: bool,
    resident: Values | None = None,
    restarts: tuple[int, ...] = (),
) -> Case:
    return Case(
        kind=kind,
        leaks=leaks,
        values=np.minimum(values, 100.0),
        load=load,
        resident=resident,
        limit=100.0,
        step=step,
        restarts=restarts,
    )


Make = Callable[[str, Values, Values | None, int, np.random.Generator], Case]
KINDS: dict[str, Make] = {
    "leak": _leak,
    "leak, garbage collected": _leak_and_teeth,
    "leak, on days that go up and down": _leak_and_days,
    "leak, restarted": _leak_after_restart,
    "as it is": _plain,
    "saw-tooth": _saw_tooth,
    "step": _step,
    "warm-up": _warm_up,
    "restarts": _restarts,
    "page cache": _page_cache,
    "days that go up and down": _growing_days,
    "more load": _more_load,
}
