"""A plausible past for metrics that have only just begun.

What the shop exposes now is measured twice; from that, each series gets a history that ends where
the live one begins: same name, same labels, same level, with the rhythm of a day and some noise.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

STEP = timedelta(seconds=15)
DAY = 24 * 3600
UP_BEFORE = DAY
"""The programs of the past had run for this long when the past begins, in seconds."""
SAMPLE = re.compile(r"^(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>[^}]*)\})? (?P<value>\S+)$")
TYPE = re.compile(r"^# TYPE (\S+) (\S+)$", re.MULTILINE)
LE = re.compile(r'le="([^"]+)"')

Floats: TypeAlias = npt.NDArray[np.float64]
Series: TypeAlias = tuple[str, str]
"""Name and labels, as exposed."""


@dataclass(frozen=True, slots=True)
class Exposition:
    """What one program exposed at one moment."""

    at: datetime
    kinds: Mapping[str, str]
    """Kind of each metric: counter, gauge, histogram."""
    values: Mapping[Series, float]


@dataclass(frozen=True, slots=True)
class Watched:
    """One program's metrics at two moments, and the labels that Prometheus adds to them."""

    labels: Mapping[str, str]
    before: Exposition
    after: Exposition

    @property
    def began(self) -> datetime:
        """When the program started: there its past ends, and from there it counts from 0."""
        for (name, _), value in self.after.values.items():
            if name.endswith("_start_time_seconds"):
                return datetime.fromtimestamp(value, UTC)
            if name.endswith("_uptime_seconds"):
                return self.after.at - timedelta(seconds=value)
        return self.before.at

    @property
    def elapsed(self) -> float:
        """Seconds between the two."""
        return (self.after.at - self.before.at).total_seconds()

    def rate(self, series: Series) -> float:
        """Say how fast a counter grows, per second; 0 when it was restarted meanwhile."""
        growth = self.after.values[series] - self.before.values.get(series, 0.0)
        return max(0.0, growth / self.elapsed)


def read_exposition(text: str, at: datetime) -> Exposition:
    """Read the Prometheus text format, as far as the demo's programs use it."""
    values = {
        (found["name"], found["labels"] or ""): float(found["value"])
        for line in text.splitlines()
        if (found := SAMPLE.match(line))
    }
    return Exposition(at, dict(TYPE.findall(text)), values)


def write_past(
    watched: list[Watched], *, lasts: timedelta, rng: np.random.Generator
) -> Iterator[str]:
    """Write the past of all these programs in the OpenMetrics text format, line by line."""
    for one in watched:
        times = one.began.timestamp() - np.arange(lasts / STEP, -1, -1) * STEP.total_seconds()
        history = _History(one, times, rng)
        added = ",".join(f'{name}="{value}"' for name, value in one.labels.items())
        for (name, labels), values in history.all():
            head = f"{name}{{{labels},{added}}}" if labels else f"{name}{{{added}}}"
            for value, time in zip(values.tolist(), times.tolist(), strict=True):
                yield f"{head} {value:.9g} {time:.3f}\n"
    yield "# EOF\n"


def rhythm(times: Floats) -> Floats:
    """Say how busy the shop is at each time of day (UTC): most at two in the afternoon."""
    hours = (times % DAY) / 3600
    day = np.cos((hours - 14) / 24 * 2 * math.pi)
    return 1 + 0.3 * day + 0.08 * np.cos((hours - 20) / 12 * 2 * math.pi)


class _History:
    """The past of one program, whose series all follow the same traffic."""

    def __init__(self, watched: Watched, times: Floats, rng: np.random.Generator) -> None:
        self._watched = watched
        self._times = times
        self._rng = rng
        busy = rhythm(times)
        self._traffic = busy / busy[-1] * np.exp(self._wander(0.05))

    def all(self) -> Iterator[tuple[Series, Floats]]:
        """Give every series with its values."""
        yield ("up", ""), np.ones_like(self._times)
        kinds = self._watched.after.kinds
        for series in self._watched.after.values:
            kind = kinds.get(series[0])
            if kind == "counter":
                yield series, self._counter(series)
            elif kind == "gauge":
                yield series, self._gauge(series)
        for name, kind in kinds.items():
            if kind == "histogram":
                yield from self._histogram(name)

    def _counter(self, series: Series) -> Floats:
        mean = self._watched.rate(series) * STEP.total_seconds() * self._traffic
        if series[0].endswith("_seconds_total"):
            # Half of the work is there whatever the traffic; it comes in no whole numbers.
            mean = mean * (0.5 + 0.5 / self._traffic) * np.exp(self._wander(0.05, memory=0.3))
            return np.cumsum(mean)
        return np.cumsum(self._rng.poisson(mean)).astype(float)

    def _gauge(self, series: Series) -> Floats:
        name, now = series[0], self._watched.after.values[series]
        began = self._times[0] - UP_BEFORE
        if name.endswith("_start_time_seconds"):
            return np.full_like(self._times, began)
        if name.endswith("_uptime_seconds"):
            return self._times - began
        if name.endswith(("_limit_bytes", "_up")):
            return np.full_like(self._times, now)
        if name.endswith("_bytes"):
            return now * (1 + 0.01 * (self._traffic - 1) + self._wander(0.004))
        # Things that are counted and come and go: a few more or less than now.
        few = max(0.05, min(now, 3.0))
        return max(0.0, now - few) + self._rng.poisson(few * self._traffic).astype(float)

    def _histogram(self, name: str) -> Iterator[tuple[Series, Floats]]:
        buckets = [s for s in self._watched.after.values if s[0] == f"{name}_bucket"]
        bounds = np.array([float(LE.findall(labels)[0]) for _, labels in buckets])
        rates = np.diff([self._watched.rate(s) for s in buckets], prepend=0.0)
        middle, spread = _lognormal(bounds, rates)
        middles = middle + self._wander(0.06)
        below = _normal_cdf((np.log(bounds)[None, :] - middles[:, None]) / spread)
        chances = np.diff(below, prepend=0.0, axis=1)
        count = self._rng.poisson(rates.sum() * STEP.total_seconds() * self._traffic)
        fallen = self._rng.multinomial(count, chances / chances.sum(axis=1, keepdims=True))
        for series, values in zip(buckets, np.cumsum(fallen, axis=1).T, strict=True):
            yield series, np.cumsum(values).astype(float)
        mean = np.exp(middles + spread**2 / 2)
        yield (f"{name}_sum", ""), np.cumsum(count * mean)
        yield (f"{name}_count", ""), np.cumsum(count).astype(float)

    def _wander(self, spread: float, *, memory: float = 0.97) -> Floats:
        """Wander around 0, ending there: each step remembers the one before."""
        steps = self._rng.normal(0, spread * math.sqrt(1 - memory**2), len(self._times))
        out = np.zeros_like(steps)
        for i in range(len(steps) - 2, -1, -1):
            out[i] = memory * out[i + 1] + steps[i]
        return out


def _lognormal(bounds: Floats, rates: Floats) -> tuple[float, float]:
    """Fit a lognormal distribution to what fell into buckets. Returns its log mean and spread."""
    if not rates.sum():
        return math.log(0.005), 0.5
    edges = np.minimum(bounds, 2 * bounds[-2])
    lower = np.concatenate([[edges[0] / 2.5], edges[:-1]])
    logs = np.log(np.sqrt(lower * edges))
    middle = float(np.average(logs, weights=rates))
    spread = math.sqrt(float(np.average((logs - middle) ** 2, weights=rates)))
    return middle, max(spread, 0.15)


def _normal_cdf(z: Floats) -> Floats:
    return 0.5 * (1 + np.vectorize(math.erf)(z / math.sqrt(2)))
