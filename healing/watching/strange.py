"""How strange what was observed is, beside what the models know and the rows of late."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from healing import anomaly
from healing.errors import ModelUnusableError
from healing.finding import Finding
from healing.policy.guards import worth_telling
from healing.policy.outlook import finding_of_strangeness
from healing.ports import ModelStore
from healing.services import Signal
from healing.watching.observer import Observed
from healing.watching.recents import Recents

KIND = "anomaly"
NEWEST = 5
"""Rows that are scored at each look: as many as the rule of persistence wants to see."""
FRESH = 0.5
"""Share of the signals of a model that must be fresh; one that is gone does not hide the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strange:
    """How strange it is; without scores when that is not known.

    Attributes:
        why: In words; without scores, why there are none.
        score: Of the newest row, beside those of late, from 0 to 1.
        finding: That it is worth telling; None when it is not.
        lately: Scores of the newest rows, beside all that the model knows. Shape (n,).
        reasons: The signals that have most to do with it.
        rarity: Of the strangeness that is a finding; 0 when it is none.
    """

    why: str
    score: float | None = None
    finding: Finding | None = None
    lately: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    reasons: tuple[anomaly.Reason, ...] = ()
    rarity: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Strangeness:
    """Scores the services of a shard at once.

    Attributes:
        models: What is usual for each service.
        sensitivity: 0 to 1, sets how rare strangeness must be to be a finding.
        recents: The rows of late, which strangeness is measured beside.
    """

    models: ModelStore
    sensitivity: float
    recents: Recents = field(default_factory=Recents)

    def of(self, seen: Sequence[Observed]) -> list[Strange]:
        """Say how strange services are; where that is not known, why."""
        found = [self._model(one) for one in seen]
        judged = [place for place, known in enumerate(found) if isinstance(known, anomaly.Model)]
        scores = anomaly.score_many(
            [known for known in found if isinstance(known, anomaly.Model)],
            [seen[place].history for place in judged],
            newest=NEWEST,
        )
        scored = dict(zip(judged, scores, strict=True))
        return [
            Strange(why=known)
            if isinstance(known, str)
            else self._of(seen[place], known, scored[place])
            for place, known in enumerate(found)
        ]

    def _model(self, seen: Observed) -> anomaly.Model | str:
        """Give the model of a service, or why there is none that can judge it."""
        try:
            model = anomaly.from_arrays(self.models.load(f"{KIND}-{seen.service.name}").arrays)
        except ModelUnusableError as error:
            return str(error)
        return anomaly.misfit(model, seen.history) or model

    def _of(self, seen: Observed, model: anomaly.Model, scores: anomaly.Scores) -> Strange:
        name = seen.service.name
        beside = self.recents.beside(name, model, scores)
        newest = float(beside[-1]) if len(beside) else float("nan")
        fresh = sum(seen.is_fresh(one) for one in model.signals)
        if math.isnan(newest) or fresh < FRESH * len(model.signals):
            return Strange(why=seen.trouble or "too little was measured just now")
        known = {signal.name: signal for signal in seen.service.signals}
        units = {signal: known[signal].unit for signal in known}
        reasons = anomaly.reasons(model, seen.history, scores)
        why = "; ".join(reason.sentence(units.get(reason.signal, "")) for reason in reasons)
        finding = finding_of_strangeness(
            name,
            beside,
            why,
            step=scores.step,
            worth=worth_telling(
                [known.get(one) or Signal(name=one, query="") for one in model.signals], scores
            ),
            sensitivity=self.sensitivity,
            at=seen.now,
        )
        return Strange(
            why=why,
            score=newest,
            finding=finding,
            lately=scores.values,
            reasons=reasons,
            rarity=anomaly.lasting_rarity(beside) if finding else 0.0,
        )
