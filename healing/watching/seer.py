"""Judge what was observed: how strange it is, where it is going, and what that makes likely."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from healing.diagnosis import Chronicle
from healing.errors import SetupError
from healing.failure import Prognosis, foresee
from healing.forecast import Exhaustion, forecast_exhaustion
from healing.incidents import Book
from healing.instances import What
from healing.leak import Leak
from healing.names import InstanceName, ServiceName
from healing.policy.exhausting import LOOKS_APART, Word, alarm_of
from healing.policy.failing import Terms, likely_to_fail
from healing.policy.outlook import finding_of_failure
from healing.ports import MetricSource, ModelStore
from healing.roster import Roll
from healing.services import Signal
from healing.watching.became import failures_in
from healing.watching.capacities import Capacities
from healing.watching.courses import AHEAD, Courses, expected
from healing.watching.failures import hazard_in
from healing.watching.filling import fillings
from healing.watching.judgement import Judgement
from healing.watching.lately import Lately
from healing.watching.leaks import leak_of
from healing.watching.measures import burn, has_shifted
from healing.watching.observer import Observed
from healing.watching.peers import Peers, peers_of
from healing.watching.pictures import picture
from healing.watching.remembered import Remembered
from healing.watching.signs import gather
from healing.watching.strange import Strange, Strangeness

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seer:
    """Asks how strange the services of a shard are at once, and forecasts one after the other.

    Attributes:
        strangeness: Says how strange services are.
        models: Where what is learned of failures is kept.
        window: Exhaustion within this time is a finding.
        errors_allowed: Share of requests that may fail.
        lately: How strange each service was in the looks before.
        courses: Where resources are expected to be.
        capacities: Where signals are full.
        terms: From when on a failure is likely enough to be a finding.
    """

    strangeness: Strangeness
    models: ModelStore
    source: MetricSource
    roll: Roll
    chronicle: Chronicle
    remembered: Remembered
    book: Book
    window: timedelta
    terms: Terms
    errors_allowed: float
    lately: Lately = field(default_factory=Lately)
    courses: Courses = field(default_factory=Courses)
    capacities: Capacities = field(default_factory=Capacities)

    def judge_all(
        self, seen: Sequence[Observed], before: Sequence[Judgement | None]
    ) -> list[Judgement]:
        """Judge services. Data that is not fresh gives no finding, and says why.

        Args:
            seen: What was read of each.
            before: What the look before said of each; a forecast must be said for a while to be
                a finding.
        """
        if not seen:
            return []
        strange = self.strangeness.of(seen)
        fresh = [
            tuple(signal for signal in one.service.signals if one.is_fresh(signal.name))
            for one in seen
        ]
        wanted = [signal for some in fresh for signal in some]
        full = self.capacities.of(wanted, self.source, now=max(one.now for one in seen))
        capacities = [[(s, full[s]) for s in some if s in full] for some in fresh]
        return [self._judge(*one) for one in zip(seen, strange, before, capacities, strict=True)]

    def _judge(
        self,
        seen: Observed,
        strange: Strange,
        before: Judgement | None,
        capacities: list[tuple[Signal, float]],
    ) -> Judgement:
        name = seen.service.name
        restarts = self._restarts(name)
        forecasts = tuple(
            self._forecast(seen, signal, capacity, restarts) for signal, capacity in capacities
        )
        leaks = tuple(
            leak
            for signal, capacity in capacities
            if (leak := leak_of(seen.history, signal, capacity, now=seen.now, restarts=restarts))
        )
        course = self.courses.of(
            name, seen.history, tuple(signal.name for signal, _ in capacities), seen.now
        )
        instance = self._only_instance(name)
        every = timedelta(seconds=seen.history.step)
        pairs = zip(before.forecasts, before.alarms, strict=True) if before else ()
        said = {forecast.signal: alarm for forecast, alarm in pairs}
        alarms = tuple(alarm_of(one, said.get(one.signal), every=every) for one in forecasts)
        peers = self._peers(seen, capacities)
        filling = fillings(
            name,
            zip(forecasts, alarms, strict=True),
            leaks,
            peers,
            only=instance,
            within=self.window,
        )
        prognosis = self._prognosis(seen, strange.lately, forecasts, leaks)
        lately = before if before and seen.now - before.at <= LOOKS_APART * every else None
        likely = likely_to_fail(
            prognosis,
            lately.prognosis if lately else None,
            terms=self.terms,
            is_filling=bool(filling) or any(one.word is Word.NOT_YET for one in alarms),
        )
        fails = finding_of_failure(name, prognosis, likely, terms=self.terms, at=seen.now)
        findings = tuple(f for f in (*filling, fails, strange.finding) if f is not None)
        return Judgement(
            service=name,
            score=strange.score,
            why=strange.why,
            forecasts=forecasts,
            alarms=alarms,
            expected=expected(course, forecasts, (self.window, *AHEAD), seen.now),
            leaks=leaks,
            peers=peers,
            horizon=self.window,
            prognosis=prognosis,
            likely=likely,
            findings=findings,
            at=seen.now,
            picture=picture(seen, findings, forecasts, strange.reasons),
            rarity=strange.rarity,
        )

    def _prognosis(
        self,
        seen: Observed,
        lately: NDArray[np.float64],
        forecasts: tuple[Exhaustion, ...],
        leaks: tuple[Leak, ...],
    ) -> Prognosis:
        name = seen.service.name
        happenings = [self.chronicle.of(i.name) for i in self.roll.now.of(name)]
        failures = failures_in([one for one in self.book.all() if one.service == name])
        self.lately.take(name, lately, end=seen.history.end, step=seen.history.step)
        signs = gather(
            lately,
            forecasts,
            happenings,
            now=seen.now,
            leaks=leaks,
            failures=failures,
            lately=self.lately.of(name),
            upstream=self.lately.worst_of(seen.service.depends_on),
            shifted=has_shifted(seen.history),
            burn=burn(seen.history, seen.service.signals, allowed=self.errors_allowed),
        )
        try:
            self.remembered.keep(name, signs, now=seen.now)
        except SetupError as error:
            log.warning("signs are not remembered service=%s because=%s", name, error)
        return foresee(hazard_in(self.models), signs)

    def _forecast(
        self, seen: Observed, signal: Signal, capacity: float, restarts: list[datetime]
    ) -> Exhaustion:
        return forecast_exhaustion(
            seen.history,
            signal.name,
            capacity,
            now=seen.now,
            window=self.window,
            unit=signal.unit,
            restarts=restarts,
        )

    def _peers(
        self, seen: Observed, capacities: Sequence[tuple[Signal, float]]
    ) -> tuple[Peers, ...]:
        if seen.replicas is None:
            return ()
        compared = [
            peers_of(
                seen.replicas,
                signal,
                capacity,
                instances=self.roll.now.of(seen.service.name),
                restarts_of=self._starts,
                now=seen.now,
            )
            for signal, capacity in capacities
            if signal.per_replica
        ]
        return tuple(one for one in compared if one is not None)

    def _restarts(self, service: ServiceName) -> list[datetime]:
        return [at for instance in self.roll.now.of(service) for at in self._starts(instance.name)]

    def _starts(self, instance: InstanceName) -> list[datetime]:
        return [h.at for h in self.chronicle.of(instance) if h.what is What.STARTED]

    def _only_instance(self, service: ServiceName) -> InstanceName | None:
        found = self.roll.now.of(service)
        return found[0].name if len(found) == 1 else None
