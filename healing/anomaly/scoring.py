"""Say how strange rows are: of one service, or of a fleet at once."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healing.anomaly.detectors import (
    A_FEW,
    enough,
    excess_of,
    raw_scores,
    stood_away,
    taken_together,
)
from healing.anomaly.model import LONG, TOGETHER, Model
from healing.errors import ModelUnusableError
from healing.features import beside, rows_needed, score_of, strangeness
from healing.history import History
from healing.names import SignalName

CELLS = 2**18
"""Values that are looked at in one go: enough for a shard, and little memory."""
SETTLED = 0.75
"""Of the surprise of a signal that has settled elsewhere: it is no alarm any more, and still was a
change. On recordings with events that last for days this ranks best."""
LASTED = 0.45
"""Of the surprise of standing away for long: rows that hang together so much repeat each other."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """How strange each row is.

    Attributes:
        start: Time of row 0, in seconds since the epoch.
        step: Seconds from one row to the next.
        signals: What was judged.
        values: From 0 to 1; 0.5 is one in 100, 0.9 one in 1,000, 0.99 one in 10,000. NaN where too
            little was measured. Shape (n,).
        ranks: The same, for ranking rows by how strange they are: what stands away for long
            counts, and a signal that has settled elsewhere since the model was learned still does,
            somewhat less. Shape (n,).
        together: What all detectors say of it, from which the values follow. Shape (n,).
        shares: How much each signal has to do with it; each row adds up to 1, or is 0 when no
            signal stands out. Shape (n, k).
        usual: What is usual for each signal at that time, in its own unit; where it has settled
            elsewhere, that. Shape (n, k).
        off: How far it lies from that; NaN where it was not measured. Shape (n, k).
        strayed: How far each signal strays in each `Way` in the newest row, in units of what is
            usual; NaN where it was not measured. Shape (k, ways).
        moved: By how much what is usual in the newest row has moved since it was learned, as a
            signal has settled elsewhere; 0 where it has not. Shape (k,).
        hours: For how many of the last 24 hours each signal has stood away, to one side, from what
            was learned. Shape (k,).
    """

    start: int
    step: int
    signals: tuple[SignalName, ...]
    values: NDArray[np.float64]
    ranks: NDArray[np.float64]
    together: NDArray[np.float64]
    shares: NDArray[np.float64]
    usual: NDArray[np.float64]
    off: NDArray[np.float64]
    strayed: NDArray[np.float64]
    moved: NDArray[np.float64]
    hours: NDArray[np.int64]


def misfit(model: Model, history: History) -> str:
    """Say in one sentence why a model cannot judge a history; empty when it can."""
    if history.step == model.step:
        return ""
    return f"the model is for a step of {model.step} s, the history has {history.step} s"


def score(model: Model, history: History, *, newest: int | None = None) -> Scores:
    """Say how strange each row is. A row is judged by itself and the rows before it only.

    Args:
        model: Of the same service.
        history: At the same step; signals may stand in any order, and may be missing.
        newest: Judge only so many of the newest rows; None judges all.

    Raises:
        ModelUnusableError: The model is for another step.
    """
    return score_many([model], [history], newest=newest)[0]


def score_many(
    models: Sequence[Model], histories: Sequence[History], *, newest: int | None = None
) -> list[Scores]:
    """Say how strange each row of each service is, as `score` does for one.

    What does not concern one service alone is done for all of them at once, so that a fleet costs a
    fraction of asking service by service.

    Args:
        models: One for each history.
        histories: At any steps and of any lengths.
        newest: Judge only so many of the newest rows of each; None judges all.

    Raises:
        ModelUnusableError: A model is for another step than its history.
    """
    alike = defaultdict[tuple[int, int, int], list[int]](list)
    for place, (model, history) in enumerate(zip(models, histories, strict=True)):
        if no := misfit(model, history):
            raise ModelUnusableError(no)
        wanted = len(history) if newest is None else min(newest, len(history))
        rows = min(len(history), wanted + A_FEW - 1 + rows_needed(model.step))
        alike[model.step, history.end, rows].append(place)
    found = dict[int, Scores]()
    for (_, _, rows), places in alike.items():
        for some in _batches(places, models, rows):
            part = [histories[place].tail(rows) for place in some]
            scored = _score_alike([models[place] for place in some], part, newest)
            found |= zip(some, scored, strict=True)
    return [found[place] for place in range(len(found))]


def _batches(places: Sequence[int], models: Sequence[Model], rows: int) -> Iterator[list[int]]:
    """Cut places into batches of about `CELLS` values, at least one of them in each."""
    batch, cells = list[int](), 0
    for place in places:
        size = rows * len(models[place].signals)
        if batch and cells + size > CELLS:
            yield batch
            batch, cells = [], 0
        batch.append(place)
        cells += size
    yield batch


def _score_alike(
    models: Sequence[Model], histories: Sequence[History], newest: int | None
) -> list[Scores]:
    """Score services whose histories are at the same times."""
    chosen = [
        history.choose(model.signals) for model, history in zip(models, histories, strict=True)
    ]
    measure = beside([model.measure for model in models])
    values = np.concatenate([history.values for history in chosen], axis=1)
    names = tuple(SignalName(str(place)) for place in range(values.shape[1]))
    first = chosen[0]
    together = History(start=first.start, step=first.step, signals=names, values=values)
    wanted = len(first) if newest is None else min(newest, len(first))
    kept = slice(max(0, len(first) - wanted - A_FEW + 1), None)
    newest_rows = slice(len(first) - wanted, None)
    strayed = strangeness(measure, together, newest=wanted + A_FEW - 1)
    strange, asked = strayed.ways, slice(len(strayed.ways) - wanted, None)
    ends = np.cumsum([len(model.signals) for model in models]).tolist()
    scored = list[Scores]()
    for model, history, end in zip(models, chosen, ends, strict=True):
        mine = slice(end - len(model.signals), end)
        judged = enough(history.values[kept])
        said = _together(model, strange[:, mine], judged)
        rarity = model.surprises[TOGETHER].of(said)
        ranks = _or_for_long(model, rarity, strayed.long[:, mine], judged)
        if strayed.moved[:, mine].any():
            unsettled = _together(model, strayed.unsettled[:, mine], judged)
            before = model.surprises[TOGETHER].of(unsettled)
            before = _or_for_long(model, before, strayed.unsettled_long[:, mine], judged)
            ranks = SETTLED * before + (1 - SETTLED) * ranks
        excess = excess_of(strange[asked, mine]).mean(axis=2)
        total = excess.sum(axis=1, keepdims=True)
        usual = strayed.usual[asked, mine]
        moved = strayed.moved[-1:, mine].sum(axis=0)
        scored.append(
            Scores(
                start=history.end - (wanted - 1) * history.step,
                step=history.step,
                signals=model.signals,
                values=score_of(rarity[asked]),
                ranks=score_of(ranks[asked]),
                together=said[asked],
                shares=np.divide(excess, total, out=np.zeros_like(excess), where=total > 0),
                usual=usual,
                off=history.values[newest_rows] - usual,
                strayed=strange[-1, mine] if len(strange) else np.full(strange.shape[1:], np.nan),
                moved=moved,
                hours=strayed.hours[mine],
            )
        )
    return scored


def _together(
    model: Model, strange: NDArray[np.float64], judged: NDArray[np.bool_]
) -> NDArray[np.float64]:
    raw = raw_scores(model.pattern, model.forest, strange, judged)
    return taken_together(model.surprises, raw)


def _or_for_long(
    model: Model,
    rarity: NDArray[np.float64],
    long: NDArray[np.float64],
    judged: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Count rows as strange as signals have stood away for long, where that is stranger."""
    lasted = LASTED * model.surprises[LONG].of(stood_away(long, judged))
    return np.maximum(rarity, lasted)
