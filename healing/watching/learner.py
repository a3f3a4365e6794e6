"""Learn what is usual for each service, from the history that was kept."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from healing import __version__, anomaly
from healing.errors import NotEnoughHistoryError
from healing.names import ServiceName
from healing.ports import HistoryStore, Manifest, ModelStore, StoredModel
from healing.roster import Roll
from healing.watching.seer import KIND


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of learning one service."""

    service: ServiceName
    version: str
    """Of the new model; empty when there is none."""
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """Fits one model per service and keeps it."""

    histories: HistoryStore
    models: ModelStore
    roll: Roll
    clock: Callable[[], datetime]
    window: timedelta
    """How much of the history is learnt from."""

    def learn(self, service: ServiceName, *, seed: int) -> Learned:
        """Fit a model of one service; too little history is said, and not an error.

        Raises:
            SetupError: The model cannot be written to disk.
        """
        history = self.histories.load(service)
        if history is None:
            return Learned(service, "", "nothing was observed of it yet")
        history = history.tail(int(self.window.total_seconds()) // history.step)
        try:
            model = anomaly.fit(history, seed=seed)
        except NotEnoughHistoryError as error:
            return Learned(service, "", f"{error}: it will be learnt when there is more")
        manifest = Manifest(
            kind=KIND,
            schema=anomaly.SCHEMA,
            code_version=__version__,
            made_at=self.clock(),
            data_from=datetime.fromtimestamp(model.trained_from, UTC),
            data_until=datetime.fromtimestamp(model.trained_until, UTC),
            signals=tuple(model.signals),
        )
        stored = StoredModel(manifest, anomaly.to_arrays(model))
        version = self.models.save(f"{KIND}-{service}", stored)
        rows = len(history)
        return Learned(service, version, f"{rows} rows of {len(model.signals)} signals")

    def keep_only_known(self) -> None:
        """Forget models and history of services that are not looked after any more."""
        known = list(self.roll.now.stack.services)
        self.histories.keep_only(known)
        self.models.keep_only([f"{KIND}-{name}" for name in known])
