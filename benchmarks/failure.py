"""Does the probability of a failure tell anything, and does it come true as often as it says?

    python -m benchmarks.failure

Two days of two microservice systems with injected faults (`faults/` of the shared data). What was
learnt on one day is judged on the other one. Each half of a day is scored by a model of strangeness
learnt on the other half: the faults begin with the data, so there is no quiet time before them.

Two questions are asked of every minute. "Failing, or about to": is there a fault now or within the
horizon? "About to": the same, asked only of minutes outside of faults. A fault takes five minutes.
The second one has no good answer here beyond "it failed lately", since faults came out of the blue.
"""

import itertools
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from healing import anomaly, failure
from healing.errors import NotEnoughHistoryError
from healing.failure import SIGNS, Hazard, Outcomes, Sign
from healing.history import History
from healing.names import SignalName

STEP = 60
LASTS = 300
"""Seconds from the beginning of a fault to its end."""
EAST = 8 * 3600
"""Some faults are told in the time of UTC+8."""
SEED = 0
BINS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Pod:
    """One pod on one day: its signs at each minute, and when it failed."""

    rows: NDArray[np.float64]
    times: NDArray[np.int64]
    faults: NDArray[np.int64]


def main() -> int:
    """Judge each day by what was learnt on the other one."""
    root = Path(os.environ.get("HEALING_RECORDINGS", "../shared/data")) / "faults"
    files = sorted(root.glob("*.npz"))
    if len(files) < 2:  # noqa: PLR2004 - one to learn on, one to judge
        print(f"no two days of faults in {root}: set HEALING_RECORDINGS")
        return 0
    days = [read_day(file) for file in files]
    for ongoing in (True, False):
        print(f"\n--- {'failing, or about to' if ongoing else 'about to'} ---")
        told: list[tuple[NDArray[np.float64], ...]] = []
        for number, file in enumerate(files):
            others = [pod for n, day in enumerate(days) if n != number for pod in day]
            hazard = learn(others, ongoing=ongoing)
            said, failed, known = judge(days[number], hazard, ongoing=ongoing)
            told.append((said, failed, known))
            print(f"\n{file.stem}, learnt from {hazard.failures} failures of the other day")
            show(said, failed, known)
        print("\nboth days")
        said, failed, known = (np.concatenate(parts) for parts in zip(*told, strict=True))
        show(said, failed, known)
        show_reliability(said[known[:, 0], 0], failed[known[:, 0], 0])
    return 0


def read_day(file: Path) -> list[Pod]:
    """Read one day, and score it."""
    with np.load(file, allow_pickle=False) as day:
        names = [SignalName(str(name)) for name in day["metrics"]]
        pods = day["pods"].tolist()
        first = int(np.median([day[f"t{n}"].min() for n in range(len(pods))]))
        last = int(np.median([day[f"t{n}"].max() for n in range(len(pods))]))
        begun = day["fault_timestamps"].astype(np.int64)
        begun = np.where(begun < first, begun + EAST, begun)
        histories = [
            on_grid(day[f"t{n}"], day[f"v{n}"], names, first, last) for n in range(len(pods))
        ]
        mine = [np.unique(begun[day["fault_pods"] == pod]) for pod in pods]
    return [
        Pod(rows_of(score_halves(history), history.times, faults), history.times, faults)
        for history, faults in zip(histories, mine, strict=True)
    ]


def on_grid(
    times: NDArray[np.int64],
    values: NDArray[np.float64],
    names: Sequence[SignalName],
    first: int,
    last: int,
) -> History:
    """Put samples on a grid of minutes; those outside of the day are errors of the recording."""
    start = first // STEP * STEP
    rows = (last - start) // STEP + 1
    grid = np.full((rows, len(names)), np.nan, np.float32)
    inside = (times >= start) & (times <= last)
    grid[(times[inside] - start) // STEP] = values[inside]
    return History(start=start, step=STEP, signals=tuple(names), values=grid)


def score_halves(history: History) -> NDArray[np.float64]:
    """Score each half of a day by what is usual in the other half."""
    middle = len(history) // 2
    early, late = history.rows(0, middle), history.rows(middle, len(history))
    return np.concatenate([score(early, late), score(late, early)])


def score(half: History, other: History) -> NDArray[np.float64]:
    """Score one half; unknown throughout where the other one was hardly measured."""
    try:
        return anomaly.score(anomaly.fit(other, seed=SEED), half).values
    except NotEnoughHistoryError:
        return np.full(len(half), np.nan)


def rows_of(
    scores: NDArray[np.float64], times: NDArray[np.int64], faults: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Lay out the signs of each minute; a fault counts as known once it is over."""
    columns = failure.signs_of_strangeness(scores, STEP)
    since = times[:, None] - (faults + LASTS)[None, :]
    columns[Sign.RECENT_FAILURES] = failure.recency(since)
    rows = np.full((len(times), len(failure.HORIZONS), len(SIGNS)), np.nan)
    for sign, column in columns.items():
        rows[:, :, SIGNS.index(sign)] = column[:, None]
    return rows


def outcomes(pod: Pod, number: int, *, ongoing: bool) -> tuple[Outcomes, NDArray[np.bool_]]:
    """Say what became of each minute, and which minutes are asked about."""
    after = pod.faults[None, :] - pod.times[:, None]
    now = ((after <= 0) & (after > -LASTS)).any(axis=1)
    ahead = np.where(after > 0, after, np.inf).min(axis=1, initial=np.inf)
    fails = np.where(now, 1.0, ahead) if ongoing else ahead
    coming = (after > 0).sum(axis=1) + (now if ongoing else 0)
    episode = number * 1000 + coming
    return (
        Outcomes(
            fails_after=fails,
            watched_for=(pod.times[-1] - pod.times).astype(np.float64),
            episode=episode.astype(np.int64),
        ),
        np.ones(len(now), np.bool_) if ongoing else ~now,
    )


def learn(pods: Sequence[Pod], *, ongoing: bool) -> Hazard:
    """Learn from all pods together."""
    told = [outcomes(pod, number, ongoing=ongoing) for number, pod in enumerate(pods)]
    keep = np.concatenate([asked for _, asked in told])
    return failure.learn(
        np.concatenate([pod.rows for pod in pods])[keep],
        Outcomes(
            fails_after=np.concatenate([o.fails_after for o, _ in told])[keep],
            watched_for=np.concatenate([o.watched_for for o, _ in told])[keep],
            episode=np.concatenate([o.episode for o, _ in told])[keep],
        ),
    )


def judge(
    pods: Sequence[Pod], hazard: Hazard, *, ongoing: bool
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Say what was said and what came of it, for every minute and horizon."""
    parts = []
    horizons = np.array([horizon.total_seconds() for horizon in failure.HORIZONS])
    for number, pod in enumerate(pods):
        became, asked = outcomes(pod, number, ongoing=ongoing)
        failed = became.fails_after[:, None] <= horizons
        known = failed | (became.watched_for[:, None] >= horizons)
        parts.append(
            (hazard.probability(pod.rows)[asked], failed[asked], known[asked]),
        )
    said, failed, known = (np.concatenate(part) for part in zip(*parts, strict=True))
    return said, failed, known


def show(said: NDArray[np.float64], failed: NDArray[np.bool_], known: NDArray[np.bool_]) -> None:
    """Print one line for each horizon, and one for a random score beside it."""
    print(f"  {'':16}{'minutes':>9}{'base':>7}{'AUPRC':>8}{'x base':>8}{'Brier':>8}{'ECE':>7}")
    noise = np.random.default_rng(SEED)
    for column, horizon in enumerate(failure.HORIZONS):
        at = known[:, column]
        truth, name = failed[at, column], f"{horizon.total_seconds() / 3600:g} h"
        if not truth.any() or truth.all():
            print(f"  {name:16}{at.sum():9}   nobody was watched for so long without a failure")
            continue
        for what, score in ((name, said[at, column]), ("random", noise.random(at.sum()))):
            base, area = truth.mean(), average_precision(score, truth)
            line = f"  {what:16}{at.sum():9}{base:7.3f}{area:8.3f}{area / base:8.1f}"
            brier, ece = np.mean((score - truth) ** 2), calibration_error(score, truth)
            print(line + f"{brier:8.4f}{ece:7.3f}")
        print(f"  {'always the base':16}{'':24}{'':8}{base * (1 - base):8.4f}")


def show_reliability(said: NDArray[np.float64], failed: NDArray[np.bool_]) -> None:
    """Print how often came true what was said, at the shortest horizon."""
    print("\n  said, for 15 min   minutes   said on average   came true")
    for low, high in itertools.pairwise(BINS):
        at = (said >= low) & (said < high)
        if at.any():
            print(
                f"  {low:5.2f} to {high:4.2f}{at.sum():13}{said[at].mean():18.3f}"
                f"{failed[at].mean():12.3f}"
            )


def average_precision(score: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Give the area under the curve of precision over recall, ties taken together."""
    levels, where = np.unique(-score, return_inverse=True)
    hits = np.cumsum(np.bincount(where, weights=truth, minlength=len(levels)))
    asked = np.cumsum(np.bincount(where, minlength=len(levels)))
    return float(np.sum(np.diff(hits, prepend=0.0) * hits / asked) / hits[-1])


def calibration_error(score: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Give the expected calibration error, over ten bins of equal width."""
    bins = np.minimum((score * 10).astype(np.int64), 9)
    gaps = np.bincount(bins, weights=score - truth, minlength=10)
    return float(np.abs(gaps).sum() / len(score))


if __name__ == "__main__":
    sys.exit(main())
