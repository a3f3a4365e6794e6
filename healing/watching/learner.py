"""Learn what is usual for each service, from the history that was kept."""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from healing import anomaly
from healing.backtest import Duel, duel, rows_held_back
from healing.errors import HealingError, ModelUnusableError, NotEnoughHistoryError
from healing.history import History
from healing.names import ServiceName
from healing.ports import HistoryStore, Manifest, ModelStore, StoredModel
from healing.version import __version__
from healing.watching.failures import NAME as FAILURE
from healing.watching.strange import KIND
from healing.watching.turns import drift, has_its_turn

log = logging.getLogger(__name__)

DAY = timedelta(days=1)
MOST_NAMED = 10


class Result(StrEnum):
    """What came of learning one service."""

    LEARNT = "learnt"
    NO_BETTER = "no better"
    """A new model was fitted, and the one in use stays: it did better."""
    NOT_DUE = "not due"
    TOO_LITTLE = "too little history"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of learning one service, and why."""

    service: ServiceName
    result: Result
    detail: str
    version: str = ""
    """Of the new model; empty when there is none."""
    duel: Duel | None = None
    """Of the new model with the one in use; None when there was none, or too little to judge by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """Fits one model per service and keeps it."""

    histories: HistoryStore
    models: ModelStore
    clock: Callable[[], datetime]
    window: timedelta
    """How much of the history is learnt from."""
    vanished: timedelta
    """How long a service that is not looked after any more is remembered."""

    def learn_all(
        self, services: Sequence[ServiceName], *, seed: int, only_due: bool
    ) -> list[Learned]:
        """Learn one after the other; what goes wrong with one does not touch the others."""
        return [self._learn_safely(service, seed, only_due) for service in services]

    def learn(self, service: ServiceName, *, seed: int, only_due: bool = False) -> Learned:
        """Fit a model of one service; too little history is said, and not an error.

        Where there is a model already, the new one must do no worse on the newest rows, which it
        is not shown until it has.

        Args:
            service: Which.
            seed: The same history and seed give the same model.
            only_due: Leave a service alone that has a model, is not on its turn, and has not
                drifted.

        Raises:
            SetupError: The model cannot be written to disk.
        """
        history = self.histories.load(service)
        if history is None:
            return Learned(service, Result.TOO_LITTLE, "nothing was observed of it yet")
        history = history.tail(int(self.window.total_seconds()) // history.step)
        champion = self._champion(service, history)
        why = self._why(service, history, champion)
        if only_due and not why:
            return Learned(service, Result.NOT_DUE, "its model is good, and its turn is later")
        try:
            fought = self._challenge(champion, history, seed)
            if fought is not None and not fought.promoted:
                words = f"the one in use stays: {fought.reason}"
                return Learned(service, Result.NO_BETTER, words, duel=fought)
            model = anomaly.fit(history, seed=seed)
        except NotEnoughHistoryError as error:
            words = f"{error}: it will be learnt when there is more"
            return Learned(service, Result.TOO_LITTLE, words)
        version = self.models.save(f"{KIND}-{service}", self._packed(model, fought))
        words = f"{len(history)} rows of {len(model.signals)} signals" + (f"; {why}" if why else "")
        return Learned(service, Result.LEARNT, words, version, fought)

    def keep_only(self, known: Collection[ServiceName]) -> None:
        """Forget models and history of services that have not been looked after for long."""
        before = self.clock() - self.vanished
        self.histories.keep_only(known, before=before)
        self.models.keep_only([FAILURE, *(f"{KIND}-{name}" for name in known)], before=before)

    def _learn_safely(self, service: ServiceName, seed: int, only_due: bool) -> Learned:  # noqa: FBT001
        try:
            return self.learn(service, seed=seed, only_due=only_due)
        except HealingError as error:
            return Learned(service, Result.FAILED, str(error))
        except Exception as error:
            log.exception("learning failed service=%s", service)
            return Learned(service, Result.FAILED, repr(error))

    def _champion(self, service: ServiceName, history: History) -> anomaly.Model | None:
        """Give the model in use; None when there is none that can judge this history."""
        try:
            model = anomaly.from_arrays(self.models.load(f"{KIND}-{service}").arrays)
        except ModelUnusableError:
            return None
        usable = model.step == history.step and set(model.signals) <= set(history.signals)
        return model if usable else None

    def _why(self, service: ServiceName, history: History, champion: anomaly.Model | None) -> str:
        if champion is None:
            return "there was no model that fits"
        newest = int(DAY.total_seconds()) // history.step
        # By the ranks: a model that signals have settled away from is no alarm, and out of date.
        if said := drift(anomaly.score(champion, history, newest=newest).ranks):
            return said
        return "it is its turn" if has_its_turn(service, self.clock().hour) else ""

    def _challenge(
        self, champion: anomaly.Model | None, history: History, seed: int
    ) -> Duel | None:
        held_back = rows_held_back(history)
        if champion is None or not held_back:
            return None
        try:
            challenger = anomaly.fit(history.rows(0, len(history) - held_back), seed=seed)
        except NotEnoughHistoryError:
            return None
        if set(challenger.signals) != set(champion.signals):
            return None  # they judge different things
        return duel(champion, challenger, history, held_back=held_back, seed=seed)

    def _packed(self, model: anomaly.Model, fought: Duel | None) -> StoredModel:
        shown = fought.challenger if fought else None
        manifest = Manifest(
            kind=KIND,
            schema=anomaly.SCHEMA,
            code_version=__version__,
            made_at=self.clock(),
            data_from=datetime.fromtimestamp(model.trained_from, UTC),
            data_until=datetime.fromtimestamp(model.trained_until, UTC),
            signals=tuple(model.signals),
            scores={"found": shown.found, "false": shown.false} if shown else {},
        )
        return StoredModel(manifest, anomaly.to_arrays(model))


def summary(learned: Sequence[Learned]) -> str:
    """Say in one line what came of it; what failed is named.

    Example:
        >>> summary([Learned(ServiceName("api"), Result.LEARNT, ""),
        ...          Learned(ServiceName("db"), Result.TOO_LITTLE, "")])
        'learnt api; not yet: db'
    """
    count = Counter(one.result for one in learned)
    words = [f"learnt {_names(learned, Result.LEARNT) or 'nothing'}"]
    if count[Result.NO_BETTER]:
        words.append(f"kept the model in use of {_names(learned, Result.NO_BETTER)}")
    if count[Result.TOO_LITTLE]:
        words.append(f"not yet: {_names(learned, Result.TOO_LITTLE)}")
    if count[Result.NOT_DUE]:
        words.append(f"{count[Result.NOT_DUE]} not due")
    if count[Result.FAILED]:
        words.append(f"failed: {_names(learned, Result.FAILED)}")
    return "; ".join(words)


def _names(learned: Sequence[Learned], result: Result) -> str:
    names = sorted(one.service for one in learned if one.result is result)
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
