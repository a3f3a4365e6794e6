"""Replay one recording causally, and say what our alarms would have been worth."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from healing.backtest.episodes import DAY, Outcome, at_random, outcome_of
from healing.backtest.exhaustion import Foretold, replay_exhaustion, usual_capacity
from healing.backtest.recording import Recording
from healing.backtest.replay import Replayed, replay_after, replay_whole
from healing.backtest.vus import vus_pr
from healing.errors import NotEnoughHistoryError
from healing.history import History
from healing.names import SignalName
from healing.policy.outlook import alarms
from healing.services import Signal

WINDOW = 24
"""Rows around an event within which VUS-PR forgives."""
RANDOM_DRAWS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """How good scores are, and the alarms that follow from them."""

    vus_pr: float = float("nan")
    """From 0 to 1, whatever the threshold; NaN where nobody said what was wrong."""
    outcome: Outcome = field(default_factory=Outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of replaying one recording.

    Attributes:
        name: Of the recording.
        signals: How many it has.
        rows: How many were judged.
        labelled: Whether it is known what was wrong.
        scored: Share of measured rows that got a score.
        ours: What our scores were worth; None when there were too few rows to learn from.
        random: What random scores, and the same alarms thrown anywhere, were worth.
        foretold: Forecasts of exhaustion, for each signal whose capacity is known.
        linear: Those of `predict_linear` over six hours, beside them.
        cpu_seconds: All of it, learning and judging.
        memory_bytes: The most that this process has taken so far.
        note: Why something is missing; empty when nothing is.
    """

    name: str
    signals: int
    rows: int
    labelled: bool
    scored: float
    ours: Worth | None
    random: Worth | None
    foretold: Foretold
    linear: Foretold
    cpu_seconds: float
    memory_bytes: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How recordings are judged; the same for all of them.

    Attributes:
        sensitivity: As in the configuration.
        signals: What is configured of signals; of one that is not among them its name tells.
        window: Exhaustion within this time is foretold.
        capacity: Where every signal is full; None: only what tells its capacity by its name.
        seed: Of all randomness.
    """

    sensitivity: float = 0.8
    signals: tuple[Signal, ...] = ()
    window: timedelta = timedelta(hours=24)
    capacity: float | None = None
    seed: int = 0


def judge(
    recording: Recording, terms: Terms, *, cpu: Callable[[], float] = time.process_time
) -> Verdict:
    """Replay one recording.

    Rows that the file names for training are learnt from, and those after them judged. Otherwise
    each row is judged by what was learnt before it; where it is known what was wrong, only the
    second half counts.
    """
    began = cpu()
    history, trained = recording.history, recording.trained
    note, ours, random, scored = "", None, None, float("nan")
    try:
        if trained is None:
            replayed = replay_whole(history, signals=terms.signals, seed=terms.seed)
            trained = len(history) // 2
            replayed = replayed.rows(trained, len(history))
        else:
            replayed = replay_after(history, trained, signals=terms.signals, seed=terms.seed)
    except NotEnoughHistoryError as error:
        trained, note = trained or 0, f"not scored: {error}"
    else:
        measured = _any_measured(history.rows(trained, len(history)))
        known = np.isfinite(replayed.scores)
        scored = float(known[measured].mean()) if measured.any() else float("nan")
        wrong = None if recording.labels is None else recording.labels[trained:]
        if known.any():
            ours = _worth(replayed, measured, wrong, history.step, terms)
            random = _random(replayed, measured, wrong, history.step, terms)
        else:
            note = "not scored: too little was measured, or known before"
    foretold, linear = _exhaustion(history, terms)
    return Verdict(
        name=recording.name,
        signals=len(history.signals),
        rows=len(history) - trained,
        labelled=recording.labels is not None,
        scored=scored,
        ours=ours,
        random=random,
        foretold=foretold,
        linear=linear,
        cpu_seconds=cpu() - began,
        memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        note=note,
    )


def _any_measured(history: History) -> NDArray[np.bool_]:
    return np.isfinite(history.values).sum(axis=1) > 0


def _alarms(replayed: Replayed, step: int, terms: Terms) -> NDArray[np.bool_]:
    return alarms(replayed.beside_recent, replayed.worth, step=step, sensitivity=terms.sensitivity)


def _worth(
    replayed: Replayed,
    measured: NDArray[np.bool_],
    wrong: NDArray[np.bool_] | None,
    step: int,
    terms: Terms,
) -> Worth:
    outcome = _outcome(_alarms(replayed, step, terms), replayed, wrong, step)
    return Worth(vus_pr=_vus(replayed.of_late, measured, wrong), outcome=outcome)


def _random(
    replayed: Replayed,
    measured: NDArray[np.bool_],
    wrong: NDArray[np.bool_] | None,
    step: int,
    terms: Terms,
) -> Worth:
    rng = np.random.default_rng(terms.seed)
    draws = [_vus(rng.random(len(replayed.scores)), measured, wrong) for _ in range(RANDOM_DRAWS)]
    thrown = at_random(_alarms(replayed, step, terms), step=step, seed=terms.seed)
    return Worth(vus_pr=float(np.mean(draws)), outcome=_outcome(thrown, replayed, wrong, step))


def _outcome(
    alarms: NDArray[np.bool_], replayed: Replayed, wrong: NDArray[np.bool_] | None, step: int
) -> Outcome:
    """Compare alarms with what was wrong; where nobody says what was, nothing was.

    Only what has a score was judged: no alarm in a gap says nothing for us.
    """
    known = np.zeros(len(alarms), np.bool_) if wrong is None else wrong
    judged = np.count_nonzero(np.isfinite(replayed.scores)) * step / DAY
    return replace(outcome_of(alarms, known, step=step), days=judged)


def _vus(
    scores: NDArray[np.float64],
    measured: NDArray[np.bool_],
    wrong: NDArray[np.bool_] | None,
) -> float:
    """Judge the rows that were measured; a row without a score is the least strange of all."""
    if wrong is None or not wrong[measured].any():
        return float("nan")
    return vus_pr(np.nan_to_num(scores[measured], nan=0.0), wrong[measured], window=WINDOW)


def _exhaustion(history: History, terms: Terms) -> tuple[Foretold, Foretold]:
    ours, linear = Foretold(), Foretold()
    for signal in history.signals:
        capacity = _capacity(signal, terms)
        if capacity is not None:
            one, other = replay_exhaustion(history, signal, capacity, window=terms.window)
            ours, linear = ours + one, linear + other
    return ours, linear


def _capacity(signal: SignalName, terms: Terms) -> float | None:
    return terms.capacity if terms.capacity is not None else usual_capacity(signal)
