"""What a look makes of what was read, and of what the look before it said."""

import math
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from healing.adapters.files import HistoryFiles, ModelFiles
from healing.adapters.prometheus import PrometheusSource
from healing.anomaly import SCHEMA, fit, to_arrays
from healing.diagnosis import Chronicle
from healing.failure import Sign
from healing.finding import Kind
from healing.history import Freshness, History, State
from healing.incidents import Book
from healing.instruments import REGISTRY, show_age, show_judgement, show_only
from healing.names import ServiceName, SignalName
from healing.policy.failing import Terms
from healing.ports import Manifest, StoredModel
from healing.roster import Roll
from healing.services import Service, Signal, Stack
from healing.watching import Judgement, Observed, Remembered, Seer, Strangeness
from tests.metrics import EPOCH, MIB, NOON, history_of, ordinary
from tests.stories import API, running, service

MINUTE = timedelta(minutes=1)
SIGNALS = (
    Signal(name=SignalName("memory"), query="m", unit="bytes", capacity=256 * MIB),
    Signal(name=SignalName("error_ratio"), query="e"),
)
NOBODY = PrometheusSource("http://127.0.0.1:9")
"""Never asked: no capacity here is a query."""


class Watched:
    """A service that is looked at, minute by minute."""

    def __init__(self, folder: Path, *, terms: Terms | None = None) -> None:
        self.api = service(signals=SIGNALS, depends_on=(ServiceName("db"),))
        self.db = service(name=ServiceName("db"), signals=SIGNALS[:1])
        self.models = ModelFiles(folder / "models", key=bytes(32))
        roll = Roll(lambda _: Stack({API: self.api, self.db.name: self.db}))
        roll.call([running()])
        self.seer = Seer(
            strangeness=Strangeness(models=self.models, sensitivity=0.8),
            models=self.models,
            source=NOBODY,
            roll=roll,
            chronicle=Chronicle(),
            remembered=Remembered(HistoryFiles(folder / "signs")),
            book=Book(),
            window=timedelta(minutes=30),
            terms=terms or Terms(),
            errors_allowed=0.05,
        )
        self.last: Judgement | None = None

    def look(
        self, history: History, *, of: Service | None = None, stale: Collection[str] = ()
    ) -> Judgement:
        of, now = of or self.api, datetime.fromtimestamp(history.end, UTC)
        seen = Observed(
            service=of,
            history=history,
            states={
                name: Freshness(state=State.STALE if name in stale else State.FRESH, last_at=now)
                for name in history.signals
            },
            now=now,
        )
        (judged,) = self.seer.judge_all([seen], [self.last])
        if of is self.api:
            self.last = judged
        return judged

    def learn(self, history: History, name: ServiceName) -> None:
        made = Manifest(
            kind="anomaly",
            schema=SCHEMA,
            code_version="1",
            made_at=NOON,
            data_from=NOON,
            data_until=NOON,
            signals=history.signals,
            scores={},
        )
        self.models.save(f"anomaly-{name}", StoredModel(made, to_arrays(fit(history, seed=1))))


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def leaking(rows_of_leak: int) -> History:
    random = np.random.default_rng(0)
    memory = MIB * (30 + 0.3 * random.standard_normal(720 + rows_of_leak))
    memory[720:] += 8 * MIB * np.arange(rows_of_leak)
    return history_of(60, end=EPOCH + 60 * rows_of_leak, memory=memory)


def test_a_forecast_is_a_finding_once_it_was_said_for_a_seventh_of_the_time(
    watched: Watched,
) -> None:
    looks = [watched.look(leaking(rows)) for rows in range(5, 12)]
    said = [[finding.kind for finding in look.findings] for look in looks]
    first = next(n for n, look in enumerate(looks) if look.forecasts[0].exhausts)

    assert said[first] == []
    assert looks[first].alarms[0].reason == "only this look says so; it takes 3 min 7 s"
    assert said[first + 1 : first + 4] == [[], [], [Kind.EXHAUSTION]]


def test_errors_and_a_level_that_was_left_speak_for_a_failure(watched: Watched) -> None:
    day = np.zeros(1500)
    errors = day.copy()
    errors[-60:] = 0.6
    memory = MIB * (100 + np.random.default_rng(0).standard_normal(len(day)))
    calm = watched.look(history_of(60, memory=memory, error_ratio=day)).prognosis
    memory[-20:] += 60 * MIB

    judged = watched.look(history_of(60, memory=memory, error_ratio=errors))
    signs = {reason.sign for reason in judged.prognosis.reasons}

    assert judged.prognosis.within_the_hour > 5 * calm.within_the_hour
    assert {Sign.BURN, Sign.LEVEL_SHIFT} <= signs


def test_a_failure_that_two_looks_think_likely_is_told_with_its_reasons(tmp_path: Path) -> None:
    watched = Watched(tmp_path, terms=Terms(probability=0.2))
    errors = np.full(200, 0.9)
    history = history_of(60, memory=MIB * np.full(200, 50.0), error_ratio=errors)

    first, second = watched.look(history), watched.look(history)

    assert first.findings == ()
    (found,) = second.findings
    assert found.kind is Kind.FAILING
    assert "error budget 18 times faster than allowed" in found.detail


def test_a_strange_database_speaks_for_a_failure_of_what_needs_it(watched: Watched) -> None:
    usual = history_of(60, memory=ordinary(1440)["memory"])
    watched.learn(usual, watched.db.name)
    odd = ordinary(1440, seed=1)["memory"]
    odd[-6:] += 60 * MIB

    before = watched.look(usual).prognosis.within_the_hour
    watched.look(history_of(60, memory=odd), of=watched.db)
    after = watched.look(usual).prognosis

    assert after.within_the_hour > before
    assert Sign.UPSTREAM in {reason.sign for reason in after.reasons}


def test_where_a_resource_is_expected_is_a_metric_for_each_horizon_and_quantile(
    watched: Watched,
) -> None:
    memory = MIB * (100 + np.random.default_rng(0).standard_normal(1500))
    show_judgement(watched.look(history_of(60, memory=memory)))

    def shown(horizon: str, quantile: str) -> float | None:
        labels = {"resource": "memory", "service": API, "horizon": horizon, "quantile": quantile}
        return REGISTRY.get_sample_value("self_healing_resource_prediction", labels)

    for horizon in ("1800s", "3600s", "86400s"):
        low, middle, high = (shown(horizon, quantile) for quantile in ("0.1", "0.5", "0.9"))
        assert low < middle < high
        assert middle == pytest.approx(100 / 256, rel=0.05)


@pytest.mark.parametrize("seconds", [90.0, None], ids=["old", "never measured"])
def test_how_old_the_newest_point_of_a_service_is_is_a_metric(
    watched: Watched, seconds: float | None
) -> None:
    history = history_of(60, memory=np.ones(3), error_ratio=np.ones(3))
    last = NOON - timedelta(seconds=seconds) if seconds is not None else None
    older = last - timedelta(hours=1) if last else None
    states = {
        name: Freshness(state=State.STALE, last_at=at)
        for name, at in zip(history.signals, (older, last), strict=True)
    }

    show_age(Observed(service=watched.api, history=history, states=states, now=NOON))

    shown = REGISTRY.get_sample_value("self_healing_data_age_seconds", {"service": API})
    assert shown == pytest.approx(seconds if seconds is not None else math.nan, nan_ok=True)


def test_what_is_not_known_any_more_is_no_number_and_what_is_gone_is_not_shown(
    watched: Watched,
) -> None:
    def shown() -> list[float | None]:
        at = {"resource": "memory", "service": API}
        return [
            REGISTRY.get_sample_value(
                "self_healing_time_to_exhaustion_seconds", at | {"quantile": "0.5"}
            ),
            REGISTRY.get_sample_value("self_healing_leaking", at),
            REGISTRY.get_sample_value("self_healing_failure_probability", {"service": API}),
        ]

    known = watched.look(leaking(20))
    show_judgement(known)
    assert np.isfinite(np.array(shown(), float)).all()

    blind = watched.look(leaking(21), stale=("memory",))
    show_judgement(blind, known)
    assert np.isnan(np.array(shown(), float)).tolist() == [True, True, False]

    show_only([ServiceName("db")])
    assert shown() == [None, None, None]


@pytest.mark.parametrize("rows", [1, 5, 14])
def test_a_service_that_has_only_just_begun_is_looked_at_like_any_other(
    watched: Watched, rows: int
) -> None:
    look = watched.look(history_of(60, memory=MIB * np.linspace(30, 31, rows)))

    assert [one.signal for one in look.forecasts] == ["memory"]
    assert np.isnan([one.quantiles for one in look.expected]).all()


@pytest.mark.parametrize(("gone", "is_judged"), [(1, True), (2, False)])
def test_a_signal_that_is_gone_does_not_hide_what_the_others_do(
    watched: Watched, gone: int, is_judged: bool
) -> None:
    rng = np.random.default_rng(2)
    usual = {name: rng.normal(50, 1, 1440) for name in ("errors", "latency", "traffic")}
    watched.learn(history_of(60, **usual), API)
    now = {name: rng.normal(50, 1, 1440) for name in usual}
    now["errors"][-6:] += 40
    for name in ("traffic", "latency")[:gone]:
        now[name][-30:] = np.nan

    look = watched.look(history_of(60, **now), stale=("traffic", "latency")[:gone])

    assert (look.score is not None and look.score > 0.99) is is_judged
    assert [one.kind for one in look.findings] == [Kind.ANOMALY] * is_judged


@pytest.mark.parametrize(
    ("moved", "kinds"),
    [pytest.param(60, [Kind.ANOMALY], id="more"), pytest.param(-60, [], id="less")],
)
def test_memory_given_back_is_as_strange_and_nobodys_alarm(
    watched: Watched, moved: int, kinds: list[Kind]
) -> None:
    watched.learn(history_of(60, memory=ordinary(1440)["memory"]), watched.db.name)
    memory = ordinary(1440, seed=1)["memory"]
    memory[-6:] += moved * MIB

    look = watched.look(history_of(60, memory=memory), of=watched.db)

    assert look.score is not None
    assert look.score > 0.99
    assert [one.kind for one in look.findings if one.kind is not Kind.EXHAUSTION] == kinds
    assert (look.rarity > 3) is bool(kinds)
