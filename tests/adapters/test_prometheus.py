"""Against a real server, as it is asked while all is well, and as it is treated by operators."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from healing.adapters.prometheus import Patience, PrometheusSource
from healing.errors import BadQueryError, SourceUnavailableError
from healing.history import (
    Answer,
    Grid,
    History,
    Read,
    Reading,
    State,
    absorb,
    freshness,
    what_to_read,
)
from healing.names import SignalName
from healing.services import Signal
from tests.real import real_metrics, wait_until
from tests.real.prometheus import Exporter, MakePrometheus, Prometheus, openmetrics

pytestmark = pytest.mark.real("prometheus")

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
EPOCH = int(NOON.timestamp())
DAY = EPOCH - 86_400 + 15 * np.arange(5761)
LONG = EPOCH - 15 * np.arange(25_000)[::-1]
SHORT_TEMPER = Patience(timeout=1.0, tries=2, first_wait=0.01)
GAP = (EPOCH - 3600, EPOCH - 1800)
AROUND_THE_GAP = DAY[np.abs(DAY - np.mean(GAP)) > (GAP[1] - GAP[0]) / 2]
REBORN = EPOCH - 7200

HISTORY = {
    "memory_bytes": (DAY, 1e6 + DAY % 3600),
    "requests_total": (DAY, np.where(DAY < EPOCH - 600, DAY - DAY[0], DAY - (EPOCH - 600))),
    "gap": (AROUND_THE_GAP, AROUND_THE_GAP % 7),
    "odd": (DAY[-4:], [1.0, np.nan, np.inf, 2.0]),
    "long": (LONG, np.arange(25_000)),
    'pods{pod="a"}': (DAY, np.ones(5761)),
    'pods{pod="b"}': (DAY, np.ones(5761)),
    'reborn{id="1"}': (DAY[DAY < REBORN], 1 + 0 * DAY[DAY < REBORN]),
    'reborn{id="2"}': (DAY[DAY >= REBORN], 2 + 0 * DAY[DAY >= REBORN]),
}


@pytest.fixture(scope="module")
def prometheus(make_prometheus: MakePrometheus) -> Prometheus:
    return make_prometheus(openmetrics(HISTORY))


@pytest.fixture(scope="module")
def source(prometheus: Prometheus) -> Iterator[PrometheusSource]:
    source = PrometheusSource(prometheus.url)
    yield source
    source.close()


def ask(query: str, *, start: int = EPOCH - 3600, end: int = EPOCH, step: int = 15) -> Read:
    return Read(signal=SignalName("it"), query=query, start=start, end=end, step=step)


def as_rows(reading: Reading) -> dict[int, float]:
    return dict(zip(reading.times.astype(int).tolist(), reading.values.tolist(), strict=True))


def test_samples_come_back_as_they_were_measured(source: PrometheusSource) -> None:
    (reading,) = source.read([ask("memory_bytes")])

    assert reading.answer is Answer.OK
    assert reading.until == EPOCH
    assert as_rows(reading) == {t: 1e6 + t % 3600 for t in range(EPOCH - 3600, EPOCH + 1, 15)}


def test_more_points_than_one_answer_may_hold_are_asked_for_in_parts(
    source: PrometheusSource,
) -> None:
    everything = ask("long", start=int(LONG[0]))
    with pytest.raises(BadQueryError, match="maximum resolution"):
        source._range("long", everything.start, everything.end, everything.step)  # noqa: SLF001 the limit is real

    (reading,) = source.read([everything])

    assert reading.answer is Answer.OK
    assert np.array_equal(reading.times, LONG)
    assert np.array_equal(reading.values, np.arange(25_000))


def test_a_gap_is_a_gap_once_the_store_stops_repeating_the_last_sample(
    source: PrometheusSource,
) -> None:
    signal = Signal(name=SignalName("it"), query="gap")
    grid = Grid(step=timedelta(seconds=15), keep=timedelta(hours=2))

    readings = source.read(what_to_read(None, [signal], now=NOON, grid=grid))
    history = absorb(None, readings, signals=[signal], now=NOON, grid=grid)

    unknown = history.times[np.isnan(history.column(signal.name))]
    assert GAP[0] <= unknown[0] <= GAP[0] + 300
    assert unknown[-1] == GAP[1]
    assert np.array_equal(unknown, np.arange(unknown[0], GAP[1] + 1, 15))


def test_what_is_not_a_number_is_not_known(source: PrometheusSource) -> None:
    (reading,) = source.read([ask("odd")])

    assert as_rows(reading) == {EPOCH - 45: 1.0, EPOCH: 2.0}


def test_a_counter_that_was_reset_is_a_steady_rate(source: PrometheusSource) -> None:
    signal = Signal(name=SignalName("it"), query="requests_total")
    grid = Grid(step=timedelta(seconds=15), keep=timedelta(hours=1))

    readings = source.read(what_to_read(None, [signal], now=NOON, grid=grid))
    history = absorb(None, readings, signals=[signal], now=NOON, grid=grid)

    rates = history.column(signal.name)
    assert len(rates) == 240
    assert np.sum(rates == 1.0) == 239
    assert rates.min() == 0.0


def test_a_query_without_a_sample_is_empty(source: PrometheusSource) -> None:
    (reading,) = source.read([ask("nobody_ever_measured_this")])

    assert (reading.answer, reading.until) == (Answer.EMPTY, EPOCH)
    assert "nobody_ever_measured_this" in reading.detail


def test_a_query_that_gives_two_replicas_says_how_to_make_one_of_them(
    source: PrometheusSource,
) -> None:
    (reading,) = source.read([ask("pods")])

    assert reading.answer is Answer.SEVERAL
    assert reading.values.size == 0
    assert "sum(pods)" in reading.detail


def test_a_container_that_was_made_anew_goes_on_under_its_signal(source: PrometheusSource) -> None:
    (reading,) = source.read([ask("reborn", start=EPOCH - 10_800)])

    assert reading.answer is Answer.OK
    assert reading.values.tolist() == [1.0] * 240 + [2.0] * 481


def test_a_wrong_query_does_not_spoil_the_others(source: PrometheusSource) -> None:
    wrong, right = source.read([ask("rate(memory_bytes["), ask("memory_bytes")])

    assert (wrong.answer, right.answer) == (Answer.BAD_QUERY, Answer.OK)
    assert "`rate(memory_bytes[`" in wrong.detail
    assert "parse error" in wrong.detail


@pytest.fixture
def own_prometheus(make_prometheus: MakePrometheus) -> Iterator[Prometheus]:
    server = make_prometheus(openmetrics({"memory_bytes": HISTORY["memory_bytes"]}))
    yield server
    server.stop()


def test_a_server_that_is_stopped_is_a_state_and_what_was_missed_is_read_later(
    own_prometheus: Prometheus,
) -> None:
    signal = Signal(name=SignalName("it"), query="memory_bytes")
    grid = Grid(step=timedelta(seconds=15), keep=timedelta(hours=1))
    source = PrometheusSource(own_prometheus.url, patience=SHORT_TEMPER)

    def pull(history: History | None, now: datetime) -> tuple[History, State]:
        readings = source.read(what_to_read(history, [signal], now=now, grid=grid))
        history = absorb(history, readings, signals=[signal], now=now, grid=grid)
        return history, freshness(history, readings, now=now, grid=grid)[signal.name].state

    history, before = pull(None, NOON - timedelta(minutes=20))
    own_prometheus.stop()
    history, during = pull(history, NOON - timedelta(minutes=10))
    unknown = np.isnan(history.column(signal.name)).sum()
    own_prometheus.start()
    history, after = pull(history, NOON)

    assert (before, during, after) == (State.FRESH, State.UNREACHABLE, State.FRESH)
    assert unknown == 40
    assert np.isfinite(history.column(signal.name)).all()


def test_a_server_that_hangs_is_given_up_and_the_other_questions_are_not_put_to_it(
    own_prometheus: Prometheus,
) -> None:
    waits = list[float]()
    source = PrometheusSource(
        own_prometheus.url, patience=SHORT_TEMPER, sleep=waits.append, jitter=lambda: 0.5
    )
    own_prometheus.pause()

    hung = source.read([ask("memory_bytes")] * 20)
    own_prometheus.resume()
    (again,) = source.read([ask("memory_bytes")])

    assert {reading.answer for reading in hung} == {Answer.UNREACHABLE}
    assert "did not answer within 1 s" in hung[0].detail
    assert waits == [0.01]
    assert again.answer is Answer.OK


def test_a_budget_that_is_used_up_leaves_questions_unasked(prometheus: Prometheus) -> None:
    source = PrometheusSource(prometheus.url, budget=timedelta(0))

    (reading,) = source.read([ask("memory_bytes")])

    assert reading.answer is Answer.UNREACHABLE
    assert "not asked" in reading.detail


def test_a_server_that_is_not_there_says_so() -> None:
    source = PrometheusSource("http://127.0.0.1:9", patience=SHORT_TEMPER)

    with pytest.raises(SourceUnavailableError, match="refused"):
        source.ping()


def test_what_is_new_is_read_while_it_is_scraped(
    make_prometheus: MakePrometheus, exporter: Exporter
) -> None:
    exporter.page = "level 1\n"
    server = make_prometheus(targets=(exporter.address,))
    source = PrometheusSource(server.url)
    signal = Signal(name=SignalName("level"), query="level")
    grid = Grid(step=timedelta(seconds=1), keep=timedelta(minutes=10), reread=timedelta(seconds=5))
    history: History | None = None

    def newest() -> float:
        nonlocal history
        now = datetime.now(UTC)
        reads = what_to_read(history, [signal], now=now, grid=grid)
        if history is not None and history.marks:
            assert reads[0].end - reads[0].start < 60
        history = absorb(history, source.read(reads), signals=[signal], now=now, grid=grid)
        return float(history.column(signal.name)[-1]) if len(history) else np.nan

    wait_until(lambda: newest() == 1.0, within=20)
    exporter.page = "level 2\n"
    wait_until(lambda: newest() == 2.0, within=20)
    # A series that is gone ends at once, where Prometheus would repeat a lost one for five minutes.
    exporter.page = "\n"
    wait_until(lambda: np.isnan(newest()), within=20)


def test_real_history_of_real_services_comes_back(
    make_prometheus: MakePrometheus, tmp_path_factory: pytest.TempPathFactory
) -> None:
    script = real_metrics("to_openmetrics.py")
    text = tmp_path_factory.mktemp("real") / "services.om"
    subprocess.run(
        [sys.executable, script, "services", text, "--services", "1", "--days", "2"], check=True
    )
    server = make_prometheus(text)
    signals = [
        Signal(
            name=SignalName(f"m{n:02d}"),
            query=f'service_metric{{service="service_00",metric="m{n:02d}"}}',
        )
        for n in range(19)
    ]
    grid = Grid(step=timedelta(minutes=5), keep=timedelta(days=2), stale_after=timedelta(hours=1))
    now = datetime.now(UTC)

    readings = PrometheusSource(server.url).read(what_to_read(None, signals, now=now, grid=grid))
    history = absorb(None, readings, signals=signals, now=now, grid=grid)

    measured = np.load(real_metrics("services/service_00.npz"), allow_pickle=False)["test"]
    count = len(history) - 2
    assert count > 500
    assert np.allclose(history.values[-count - 1 : -1], measured[-count - 1 : -1], rtol=1e-5)
    standings = freshness(history, readings, now=now, grid=grid).values()
    assert {standing.state for standing in standings} == {State.FRESH}


def test_reading_needs_neither_pandas_nor_a_plotting_library() -> None:
    heavy = "import sys, healing.adapters.prometheus as _; print({*sys.modules} & {*sys.argv[1:]})"

    said = subprocess.run(
        [sys.executable, "-c", heavy, "pandas", "matplotlib", "sklearn", "scipy"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout.strip() == "set()"
