"""How well is what was wrong told from what was not? On real labelled metrics, beside a plain
forest and chance.

    python -m benchmarks accuracy [--quick]

One method and one set of settings for all. Learned on the rows for training and judged on those
after them; series without such a split are learned on their first half. NAB is scored from its
beginning, each row by what came before it, and judged as a whole; the plain forest sees all of it,
as published ones do. It is judged with the window of the published figures too: the period of each
series. Alarms are those of four sensitivities, on recordings with and without trouble. How true the
meaning of a score is: times as often as meant that ordinary rows, an hour and more from any event,
reach it. `--quick` takes every fifth file.
"""  # noqa: D205 one sentence, two lines

import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

from benchmarks._recordings import folder
from healing import backtest
from healing.adapters.recordings import read_recording
from healing.backtest.episodes import Outcome, outcome_of
from healing.errors import NotEnoughHistoryError
from healing.policy.outlook import alarms

SETS = {
    "services, 5 min": "services/*.npz",
    "servers, 5 min": "servers/omi-*.npz",
    "servers, 1 min": "servers/machine-*.npz",
    "KPIs, 1 min": "kpis/*.npz",
    "NAB": "nab/*/*.npz",
    "machines' memory": "exhaustion/machine_memory_*.npz",
}
WINDOW = 24
SHORTEST, LONGEST = 3, 300
SENSITIVITIES = (0.4, 0.6, 0.8, 1.0)
MEANT = {0.5: 100, 0.9: 1000, 0.99: 10_000}
"""A score, and one row in how many is to reach it in ordinary times."""
AROUND = 3600
"""Seconds before and after an event that are no ordinary times."""
EVERY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What came of one recording.

    Attributes:
        figures: VUS-PR of ours, a plain forest and chance; NaN where nothing was wrong.
        of_period: The same, with the period of the series as window.
        clean: Our alarms at each of `SENSITIVITIES`, where nothing was wrong; empty elsewhere.
        troubled: Our alarms, where something was.
        reached: How many times as often as meant ordinary rows reach each score of `MEANT`.
    """

    figures: tuple[float, float, float] = (np.nan, np.nan, np.nan)
    of_period: tuple[float, float, float] = (np.nan, np.nan, np.nan)
    clean: tuple[Outcome, ...] = ()
    troubled: tuple[Outcome, ...] = ()
    reached: tuple[float, ...]


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore", RuntimeWarning)
    if (data := folder()) is None:
        return
    step = EVERY if "--quick" in sys.argv else 1
    print(
        f"VUS-PR, window {WINDOW} rows | files | ours | plain forest | random | ours is better in"
    )
    for name, pattern in SETS.items():
        began = time.process_time()
        judged = [
            one
            for path in sorted(data.glob(pattern))[::step]
            if (one := judge(path, whole=name == "NAB")) is not None
        ]
        show(name, judged, time.process_time() - began)


def show(name: str, judged: list[Judged], seconds: float) -> None:
    """Print one line of the table, and one on false alarms."""
    print_figures(name, [one.figures for one in judged])
    print_figures(f"{name}, window a period", [one.of_period for one in judged])
    clean, troubled = (
        [sum(some, Outcome()) for some in zip(*alarms_of, strict=True)]
        for alarms_of in (
            [one.clean for one in judged if one.clean],
            [one.troubled for one in judged if one.troubled],
        )
    )
    for sensitivity, one in zip(SENSITIVITIES, clean, strict=False):
        print(
            f"  {name}, sensitivity {sensitivity}: {one.false_per_day:.3f} false alarms a day, "
            f"on {one.days:.0f} days"
        )
    for sensitivity, one in zip(SENSITIVITIES, troubled, strict=False):
        print(
            f"  {name}, sensitivity {sensitivity}: {one.recall:.2f} of {one.events} events told, "
            f"after {one.delay / 60:.0f} min; {one.precision:.2f} of alarms true, "
            f"{one.false_per_day:.3f} false a day"
        )
    reached = np.mean([one.reached for one in judged], axis=0)
    said = ", ".join(f"{score}: {x:.2f}" for score, x in zip(MEANT, reached, strict=True))
    print(f"  {name}: ordinary rows reach, times as often as meant, {said}")
    print(f"  {name}: {seconds:.1f} s CPU", flush=True)


def print_figures(name: str, figures: list[tuple[float, float, float]]) -> None:
    """Print one line of means, of the files in which something was wrong."""
    known = np.array([some for some in figures if np.isfinite(some).all()])
    if len(known):
        ours, plain, random = known.mean(axis=0).tolist()
        better = int((known[:, 0] > known[:, 1]).sum())
        print(
            f"{name} | {len(known)} | {ours:.3f} | {plain:.3f} | {random:.3f} | "
            f"{better} of {len(known)}"
        )


def judge(path: Path, *, whole: bool) -> Judged | None:
    """Judge one recording; None where there is too little to learn from."""
    recording = read_recording(path)
    history = recording.history
    wrong = recording.labels
    if wrong is None:
        wrong = np.zeros(len(history), np.bool_)
    first = recording.trained if recording.trained is not None else len(history) // 2
    values = history.values.astype(np.float64)
    trained = values if whole else values[:first]
    try:
        if whole:
            replayed, first = backtest.replay_whole(history), 0
        else:
            replayed = backtest.replay_after(history, first)
    except NotEnoughHistoryError:
        return None
    judged, wrong = values[first:], wrong[first:]
    measured = np.isfinite(judged).any(axis=1)
    beside = replayed.beside_recent
    outcomes = tuple(
        outcome_of(
            alarms(beside, replayed.worth, step=history.step, sensitivity=sensitivity),
            wrong,
            step=history.step,
        )
        for sensitivity in SENSITIVITIES
    )
    around = np.ones(2 * AROUND // history.step + 1)
    ordinary = beside[np.isfinite(beside) & (np.convolve(wrong, around, mode="same") < 1)]
    reached = tuple(float((ordinary >= score).mean() * one_in) for score, one_in in MEANT.items())
    if not wrong[measured].any():
        return Judged(clean=outcomes, reached=reached)
    chance = np.random.default_rng(0).random(len(wrong))
    scores = [
        np.nan_to_num(some[measured])
        for some in (replayed.of_late, _plain(trained, judged), chance)
    ]

    def worth(window: int) -> tuple[float, float, float]:
        ours, plain, random = (
            backtest.vus_pr(some, wrong[measured], window=window) for some in scores
        )
        return ours, plain, random

    return Judged(
        figures=worth(WINDOW),
        of_period=worth(_period(judged[measured, 0])) if whole else (np.nan, np.nan, np.nan),
        troubled=outcomes,
        reached=reached,
    )


def _period(values: NDArray[np.float64]) -> int:
    """Find the lag of the highest peak of the autocorrelation; 125 when it is out of range."""
    centred = values - values.mean()
    spectrum = np.abs(np.fft.rfft(centred, 2 * len(centred))) ** 2
    curve = np.fft.irfft(spectrum)[3:401]
    peaks = np.flatnonzero((curve[1:-1] > curve[:-2]) & (curve[1:-1] > curve[2:])) + 1
    best = int(peaks[np.argmax(curve[peaks])]) if len(peaks) else 0
    return best + 3 if SHORTEST <= best <= LONGEST else 125


def _plain(trained: NDArray[np.float64], judged: NDArray[np.float64]) -> NDArray[np.float64]:
    """Score by an Isolation Forest on what was measured, as it was measured."""
    usual = np.nan_to_num(np.nanmedian(trained, axis=0))
    known = [np.where(np.isfinite(part), part, usual) for part in (trained, judged)]
    return -IsolationForest(random_state=0).fit(known[0]).score_samples(known[1])


if __name__ == "__main__":
    main()
