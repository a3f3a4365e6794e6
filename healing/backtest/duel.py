"""Champion and challenger: a new model takes over only where it is no worse than the old one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healing import anomaly
from healing.features import GAUSSIAN
from healing.history import History

EVENTS = 8
LASTS = 6
"""Rows of each event that is put into the rows held back."""
STRAYS = 6.0
"""How far an event moves a signal, in its own robust spreads."""
STRANGE = 0.9
"""One row in a thousand scores this much in ordinary times."""
NOMINAL = 0.001
TOLERATED = 3.0
"""A false-alarm rate up to so many times the nominal one is nobody's fault."""
MARGIN = 1 / EVENTS
"""One event more or less may be luck."""
FEWEST_ROWS = 4 * EVENTS * LASTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """How a model did on rows it had not seen."""

    found: float
    """Share of the events put in that it found."""
    false: float
    """Share of the rows as they were that it called one in a thousand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duel:
    """What came of comparing two models on the same rows."""

    champion: Showing
    challenger: Showing
    promoted: bool
    reason: str
    """One sentence for a person."""


def rows_held_back(history: History) -> int:
    """Say how many of the newest rows a duel is about: a day, at most a quarter; 0: too few."""
    rows = min(86_400 // history.step, len(history) // 4)
    return rows if rows >= FEWEST_ROWS else 0


def duel(
    champion: anomaly.Model,
    challenger: anomaly.Model,
    history: History,
    *,
    held_back: int,
    seed: int,
) -> Duel:
    """Let two models judge the same rows, as they were and with events put into them.

    They are judged by what ranks rows: a model that the service has settled away from is no alarm
    any more, and out of date.

    Args:
        champion: The model in use.
        challenger: Fitted on the same history without the rows held back.
        history: Of the service, the rows held back at its end.
        held_back: How many rows that is.
        seed: Of the events.
    """
    spoilt, events = with_events(history, held_back, seed=seed)
    old = _show(champion, history, spoilt, events, held_back)
    new = _show(challenger, history, spoilt, events, held_back)
    return judge_duel(old, new)


def judge_duel(champion: Showing, challenger: Showing) -> Duel:
    """Say whether the challenger takes over.

    Example:
        >>> judge_duel(Showing(found=0.9, false=0.0), Showing(found=0.5, false=0.0)).reason
        'it found 50 % of the events put in, the one in use 90 %'
    """
    found = (
        f"it found {100 * challenger.found:.0f} % of the events put in, "
        f"the one in use {100 * champion.found:.0f} %"
    )
    false = (
        f"it called {100 * challenger.false:.3g} % of ordinary rows strange, "
        f"the one in use {100 * champion.false:.3g} %"
    )
    finds_less = challenger.found < champion.found - MARGIN
    cries_more = challenger.false > max(TOLERATED * NOMINAL, champion.false)
    # A model that cries wolf finds everything: that is no merit of it.
    excused = champion.false > TOLERATED * NOMINAL > challenger.false
    promoted = not cries_more and (not finds_less or excused)
    reason = false if cries_more or (excused and finds_less) else found
    return Duel(champion=champion, challenger=challenger, promoted=promoted, reason=reason)


def with_events(
    history: History, held_back: int, *, seed: int
) -> tuple[History, NDArray[np.int64]]:
    """Put events into the rows held back.

    Returns:
        The history, and the first row of each event. Shape (EVENTS,).
    """
    rng = np.random.default_rng(seed)
    values = history.values.astype(np.float64)
    now = values[len(values) - held_back :]
    with np.errstate(all="ignore"):
        level = np.nan_to_num(np.nanmedian(now, axis=0))
        spread = np.nan_to_num(np.nanmedian(np.abs(now - level), axis=0)) * GAUSSIAN
        usual = np.nan_to_num(np.nanstd(now, axis=0))
    spread = np.where(spread > 0, spread, np.where(usual > 0, usual, np.abs(level) + 1.0))
    apart = held_back // EVENTS
    firsts = len(values) - held_back + apart * np.arange(EVENTS) + apart // 2
    signals = values.shape[1]
    for first in firsts.tolist():
        moved = rng.permutation(signals)[: max(1, signals // 2)]
        way = rng.choice([-1.0, 1.0], size=len(moved))
        values[first : first + LASTS, moved] += STRAYS * way * spread[moved]
    spoilt = History(
        start=history.start,
        step=history.step,
        signals=history.signals,
        values=values.astype(np.float32),
    )
    return spoilt, firsts


def _show(
    model: anomaly.Model,
    history: History,
    spoilt: History,
    events: NDArray[np.int64],
    held_back: int,
) -> Showing:
    ordinary = anomaly.score(model, history, newest=held_back).ranks
    scores = anomaly.score(model, spoilt, newest=held_back).ranks
    first = len(history) - held_back
    found = [
        bool((np.nan_to_num(scores[at - first : at - first + LASTS]) >= STRANGE).any())
        for at in events.tolist()
    ]
    known = ordinary[np.isfinite(ordinary)]
    false = float((known >= STRANGE).mean()) if known.size else 0.0
    return Showing(found=float(np.mean(found)), false=false)
