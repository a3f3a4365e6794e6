"""How long does an alarm stand after a lasting change, put into real series that nothing befell?

    python -m benchmarks shifts

KPIs without any event and memory of machines, learned on the first half. Soon after that they
stand elsewhere for good, or do everything an hour earlier, as office hours do on the UTC clock when
summer time begins. Told: whether there was an alarm within a day. Hours of alarm: on the first day,
and on each day after it.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks._recordings import folder
from healing import anomaly
from healing.adapters.recordings import read_recording
from healing.history import History
from healing.policy.outlook import alarms

DAY, HOUR = 86_400, 3600
SETS = {"KPIs": "kpis/*.npz", "machines' memory": "exhaustion/machine_memory_*.npz"}
AFTER = 2 * HOUR
"""Seconds from the first judged row to the change."""
SENSITIVITY = 0.8

Change = Callable[[NDArray[np.float32], float, int], NDArray[np.float32]]
CHANGES: dict[str, Change] = {
    "nothing": lambda values, _spread, _step: values,
    "up by 8 spreads": lambda values, spread, _step: values + 8 * spread,
    "up by 20 spreads": lambda values, spread, _step: values + 20 * spread,
    "doubled": lambda values, _spread, _step: 2 * values,
    "halved": lambda values, _spread, _step: values / 2,
    "an hour earlier": lambda values, _spread, step: np.roll(values, -(HOUR // step), axis=0),
}


@dataclass(frozen=True, slots=True)
class Stood:
    """How long alarms stood in one series."""

    told: bool
    first_day: float
    """Hours."""
    a_day_after: float
    """Hours a day."""


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore", RuntimeWarning)
    if (data := folder()) is None:
        return
    print("series, change | series | told | hours of alarm on day 1 | a day, after it")
    for name, pattern in SETS.items():
        clean = [path for path in sorted(data.glob(pattern)) if _is_clean(path)]
        stood = [_judge(path) for path in clean]
        for change in CHANGES:
            ones = [one[change] for one in stood]
            print(
                f"{name}, {change} | {len(ones)} | {np.mean([one.told for one in ones]):.2f} | "
                f"{np.mean([one.first_day for one in ones]):.1f} | "
                f"{np.mean([one.a_day_after for one in ones]):.2f}",
                flush=True,
            )


def _is_clean(path: Path) -> bool:
    labels = read_recording(path).labels
    return labels is None or not labels.any()


def _judge(path: Path) -> dict[str, Stood]:
    history = read_recording(path).history
    half, a_day = len(history) // 2, DAY // history.step
    model = anomaly.fit(history.rows(0, half), seed=0)
    at = half + AFTER // history.step
    spread = float(model.measure.usual.spread[0])
    stood = dict[str, Stood]()
    for name, change in CHANGES.items():
        values = np.concatenate(
            [history.values[:at], change(history.values, spread, history.step)[at:]]
        )
        alarm = _alarms(model, replace(history, values=values), judged=len(history) - half)
        alarm = alarm[at - half :]
        stood[name] = Stood(
            told=bool(alarm[:a_day].any()),
            first_day=24 * float(alarm[:a_day].mean()),
            a_day_after=24 * float(alarm[a_day:].mean()),
        )
    return stood


def _alarms(model: anomaly.Model, history: History, *, judged: int) -> NDArray[np.bool_]:
    """Say at which of the rows that the model did not learn from there is an alarm."""
    together = anomaly.score(model, history, newest=judged).together
    beside, _ = anomaly.beside_recent(model, together, anomaly.recent_of(model))
    everywhere = np.ones(judged, np.bool_)
    return alarms(beside, everywhere, step=history.step, sensitivity=SENSITIVITY)


if __name__ == "__main__":
    main()
