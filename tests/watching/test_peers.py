"""Which replica leaks, from the query that is put for each, to the finding."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from healing.adapters.files import HistoryFiles
from healing.adapters.prometheus import PrometheusSource
from healing.forecast import Exhaustion, Outlook
from healing.history import Grid, History
from healing.instances import Instance
from healing.leak import Spread
from healing.names import InstanceName, SignalName
from healing.policy.exhausting import Alarm, Word
from healing.roster import Roll
from healing.services import ByCompose, Signal, Stack
from healing.watching import Observer, Peers
from healing.watching.filling import fillings
from healing.watching.peers import MOST, peers_of, signals_of_replicas
from tests.metrics import EPOCH, MIB, NOON, history_of
from tests.real.prometheus import MakePrometheus, openmetrics
from tests.stories import API, running, service

LIMIT = 512 * MIB
ROWS = 600
MEMORY = Signal(
    name=SignalName("memory"),
    query="max(memory_bytes)",
    unit="bytes",
    capacity=LIMIT,
    per_replica='memory_bytes{name="{replica}"}',
)
LABELS = {"com.docker.compose.service": "api"}


def replica(number: int) -> Instance:
    return running(name=InstanceName(f"api-{number}"), labels=LABELS)


TWO = (replica(1), replica(2))
THREE = (*TWO, replica(3))


def flat(seed: int) -> np.ndarray:
    return MIB * (100 + np.random.default_rng(seed).standard_normal(ROWS))


def leaking(seed: int) -> np.ndarray:
    return flat(seed) + MIB * 0.6 * np.arange(ROWS)


def compared(instances: tuple[Instance, ...], *columns: np.ndarray) -> Peers | None:
    names = [f"memory of {instance.name}" for instance in instances]
    return peers_of(
        history_of(60, **dict(zip(names, columns, strict=True))),
        MEMORY,
        LIMIT,
        instances=instances,
        restarts_of=lambda _: (),
        now=NOON,
    )


def test_each_replica_is_asked_by_the_name_of_its_container() -> None:
    api = service(signals=(MEMORY, Signal(name=SignalName("cpu"), query="cpu")))
    odd = running(name=InstanceName('api"2'))

    assert [signal.query for signal in signals_of_replicas(api, (replica(1), odd))] == [
        'memory_bytes{name="api-1"}',
        'memory_bytes{name="api\\"2"}',
    ]


def test_one_container_has_no_peers_and_very_many_are_not_all_asked() -> None:
    api = service(signals=(MEMORY,))

    assert signals_of_replicas(api, (replica(1),)) == ()
    assert len(signals_of_replicas(api, [replica(n) for n in range(50)])) == MOST


@pytest.mark.parametrize(
    ("columns", "spread", "who"),
    [
        pytest.param((flat(1), flat(2), flat(3)), Spread.NONE, (), id="nobody"),
        pytest.param((flat(1), leaking(2), flat(3)), Spread.ONE, ("api-2",), id="one"),
        pytest.param(
            (leaking(1), leaking(2), leaking(3)), Spread.ALL, ("api-1", "api-2", "api-3"), id="all"
        ),
    ],
)
def test_a_leak_of_one_is_told_from_a_leak_of_all(
    columns: tuple[np.ndarray, ...], spread: Spread, who: tuple[str, ...]
) -> None:
    peers = compared(THREE, *columns)

    assert peers is not None
    assert (peers.compared.spread, peers.compared.leaking) == (spread, who)


def test_a_replica_that_is_too_young_is_not_compared() -> None:
    young = np.r_[np.full(ROWS - 20, np.nan), flat(2)[:20]]

    assert compared(TWO, flat(1), young) is None


def found_in(
    peers: Peers, *, alarm: Word = Word.NOT_SOON, within: timedelta = timedelta(hours=2)
) -> list[tuple[str | None, str]]:
    forecast = Exhaustion(
        signal=MEMORY.name,
        outlook=Outlook.SOON,
        level=400 * MIB,
        capacity=LIMIT,
        at=NOON,
        reason="memory is full in 30 min",
    )
    findings = fillings(API, [(forecast, Alarm(alarm, ""))], (), [peers], only=None, within=within)
    return [(finding.instance, finding.detail) for finding in findings]


def test_the_finding_is_about_the_replica_that_leaks() -> None:
    peers = compared(THREE, flat(1), leaking(2), flat(3))

    ((instance, said),) = found_in(peers)

    assert instance == "api-2"
    assert said.startswith("api-2 leaks, its 2 peers do not; memory leaks")


def test_where_all_leak_one_is_named_and_the_release_is_suspected() -> None:
    peers = compared(THREE, leaking(1), leaking(2) + 10 * MIB, leaking(3))

    ((instance, said),) = found_in(peers)

    assert instance == "api-2", "the first that will be full"
    assert said.startswith("3 of 3 replicas leak alike: suspect the release")


def test_a_forecast_for_the_service_is_pinned_on_the_replica_that_leaks() -> None:
    peers = compared(THREE, flat(1), leaking(2), flat(3))

    assert found_in(peers, alarm=Word.LASTS) == [("api-2", "memory is full in 30 min")]


def test_a_leak_that_fills_it_later_is_no_finding() -> None:
    peers = compared(THREE, flat(1), leaking(2), flat(3))

    assert found_in(peers, within=timedelta(minutes=1)) == []


@pytest.mark.real("prometheus")
def test_replicas_are_read_with_the_service_and_forgotten_when_they_are_gone(
    make_prometheus: MakePrometheus, tmp_path: Path
) -> None:
    times = EPOCH + 60 * np.arange(1 - ROWS, 1)
    columns = {"api-1": flat(1), "api-2": leaking(2)}
    server = make_prometheus(
        openmetrics({f'memory_bytes{{name="{n}"}}': (times, c) for n, c in columns.items()})
    )
    api = service(target=ByCompose("api"), signals=(MEMORY,))
    roll = Roll(lambda _: Stack({API: api}))
    observer = Observer(
        source=PrometheusSource(server.url),
        histories=HistoryFiles(tmp_path / "history"),
        replicas=HistoryFiles(tmp_path / "replicas"),
        roll=roll,
        grid=Grid(step=timedelta(minutes=1), keep=timedelta(days=14)),
        clock=lambda: NOON,
    )
    roll.call(TWO)

    (seen,) = observer.observe([api])
    peers = peers_of(
        _known(seen.replicas),
        MEMORY,
        LIMIT,
        instances=TWO,
        restarts_of=_never,
        now=NOON,
    )

    assert peers is not None
    assert peers.compared.spread is Spread.ONE
    assert seen.history.signals == ("memory",)
    assert len(_known(seen.replicas)) <= 3 * 1440

    roll.call([replica(1), replica(3)])
    (again,) = observer.observe([api])
    assert _known(again.replicas).signals == ("memory of api-1", "memory of api-3")


def _known(replicas: History | None) -> History:
    assert replicas is not None
    return replicas


def _never(_: InstanceName) -> tuple[datetime, ...]:
    return ()
