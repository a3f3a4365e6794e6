"""Learn, over all services together, which signs came before failures."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from healing.errors import ModelUnusableError
from healing.failure import SCHEMA, SIGNS, Hazard, Outcomes, cold, from_arrays, learn, to_arrays
from healing.failure.learning import FEWEST
from healing.incidents import Incident
from healing.names import ServiceName
from healing.ports import Manifest, ModelStore, StoredModel
from healing.version import __version__
from healing.watching.became import failures_in, what_became
from healing.watching.remembered import KEPT, STEP, Remembered

NAME = "failure"
MOST_ROWS = 50_000
"""Of all services together; with more, only every so manieth look is learnt from."""
AGAIN_AFTER = timedelta(days=1)


def hazard_in(models: ModelStore) -> Hazard:
    """Give what was learnt of failures; the prior alone where nothing was that can be used."""
    try:
        return from_arrays(models.load(NAME).arrays)
    except ModelUnusableError:
        return cold()


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureLearner:
    """Fits one model of failures for all services, from remembered signs and the ledger."""

    remembered: Remembered
    models: ModelStore
    incidents: Callable[[datetime], Sequence[Incident]]
    """Gives every incident since a time."""
    clock: Callable[[], datetime]

    def learn(self, services: Sequence[ServiceName], *, only_due: bool) -> str:
        """Fit and keep a model, and say in a sentence what came of it.

        Args:
            services: Of which signs are remembered.
            only_due: Leave a model alone that is younger than a day.

        Raises:
            SetupError: The model cannot be written to disk.
        """
        now = self.clock()
        if only_due and self._is_young(now):
            return "failures: what was learnt of them is younger than a day"
        of = defaultdict[ServiceName, list[Incident]](list)
        for incident in self.incidents(now - KEPT - timedelta(days=1)):
            of[incident.service].append(incident)
        seen = sum(len(failures_in(of[name])) for name in services)
        if seen < FEWEST:
            return f"failures: {seen} in {KEPT.days} days are too few to learn from"
        every = -(-len(services) * int(KEPT.total_seconds()) // (STEP * MOST_ROWS))
        rows, told, times = list[np.ndarray](), list[Outcomes](), list[np.ndarray]()
        episodes = 0
        for name in services:
            looks = self.remembered.of(name)
            well, became = what_became(looks.times, of[name], first_episode=episodes)
            episodes = max(episodes, int(became.episode.max(initial=-1)) + 1)
            chosen = np.flatnonzero(well)[::every]
            rows.append(looks.rows[chosen])
            times.append(looks.times[chosen])
            told.append(
                Outcomes(
                    fails_after=became.fails_after[chosen],
                    watched_for=became.watched_for[chosen],
                    episode=became.episode[chosen],
                )
            )
        hazard = learn(
            np.concatenate(rows),
            Outcomes(
                fails_after=np.concatenate([one.fails_after for one in told]),
                watched_for=np.concatenate([one.watched_for for one in told]),
                episode=np.concatenate([one.episode for one in told]),
            ),
        )
        if not hazard.failures:
            return f"failures: before too few of {seen} were signs remembered to learn from"
        at = np.concatenate(times)
        version = self.models.save(NAME, _packed(hazard, at, now))
        return f"failures: learnt from {hazard.failures}, after {len(at)} looks ({version})"

    def keep_only(self, known: Collection[ServiceName], *, before: datetime) -> None:
        """Forget the signs of services that have not been looked after since a time."""
        self.remembered.store.keep_only(known, before=before)

    def _is_young(self, now: datetime) -> bool:
        try:
            made_at = self.models.load(NAME).manifest.made_at
        except ModelUnusableError:
            return False
        return now - made_at < AGAIN_AFTER


def _packed(hazard: Hazard, times: np.ndarray, now: datetime) -> StoredModel:
    manifest = Manifest(
        kind=NAME,
        schema=SCHEMA,
        code_version=__version__,
        made_at=now,
        data_from=datetime.fromtimestamp(float(times.min()), UTC),
        data_until=datetime.fromtimestamp(float(times.max()), UTC),
        signals=SIGNS,
        scores={"failures": hazard.failures},
    )
    return StoredModel(manifest, to_arrays(hazard))
