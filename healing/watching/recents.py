"""The rows of late of each service, held in memory: what strange is measured beside.

After a start it is the rows that the model was calibrated on, a day ago at most where it is learnt
daily; then those of the looks.
"""

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healing.anomaly import Model, Recent, Scores, beside_recent, recent_of
from healing.names import ServiceName
from healing.watching.fading import Fading


@dataclass(frozen=True, slots=True)
class _Known:
    """What is remembered of one service: for which model, up to which row, and its newest rows."""

    model: tuple[int, int]
    row: int
    recent: Recent
    newest: dict[int, float]


class Recents:
    """Remembers the rows of late of each service. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known = Fading[ServiceName, _Known]()

    def beside(self, service: ServiceName, model: Model, scores: Scores) -> NDArray[np.float64]:
        """Say how strange the newest rows are beside those before them, and remember them.

        A row is judged once, when it is first seen: a backtest would have said the same of it.

        Args:
            service: Whose they are.
            model: That scored them. With another one, all begins anew.
            scores: Of a few rows.

        Returns:
            From 0 to 1, with the meaning of `Scores.values`; NaN where that is not known, also for
            a row that came late. Shape (n,).
        """
        last = scores.start // scores.step + len(scores.values) - 1
        rows = np.arange(last - len(scores.values) + 1, last + 1)
        made = model.trained_from, model.trained_until
        with self._lock:
            known = self._known.get(service)
            if known is None or known.model != made:
                known = _Known(made, int(rows[0]) - 1 if rows.size else last, recent_of(model), {})
            new = rows > known.row
            judged, recent = beside_recent(model, scores.together[new], known.recent)
            newest = known.newest | dict(zip(rows[new].tolist(), judged.tolist(), strict=True))
            newest = {row: newest.get(row, float("nan")) for row in rows.tolist()}
            known = _Known(made, max(known.row, last), recent, newest)
            self._known.keep(service, known, at=last * scores.step)
        return np.array(list(newest.values()), np.float64)
