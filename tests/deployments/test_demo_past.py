"""The past that the demo writes: the same series, at the same level, without a seam."""

import itertools
import math
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from deployments.demo.past import STEP, Exposition, Watched, read_exposition, rhythm, write_past

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
STARTED = NOON - timedelta(seconds=20)
LASTS = timedelta(hours=3)
TEXT = """\
# HELP http_requests_total Requests answered.
# TYPE http_requests_total counter
http_requests_total{{status="2xx"}} {requests}
http_requests_total{{status="5xx"}} 0
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total {cpu}
# TYPE process_start_time_seconds gauge
process_start_time_seconds {started}
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 20000000
# TYPE process_memory_limit_bytes gauge
process_memory_limit_bytes 100000000
# TYPE queue_depth gauge
queue_depth 2
# TYPE took_seconds histogram
{buckets}
took_seconds_sum 1
took_seconds_count {requests}
"""


BELOW = {"0.0025": 0.03, "0.005": 0.3, "0.01": 0.8, "0.025": 0.995, "0.05": 1, "+Inf": 1}
"""Which part of the answers takes at most so many seconds."""


def exposed(at: datetime, *, requests: int, cpu: float) -> Exposition:
    buckets = [f'took_seconds_bucket{{le="{b}"}} {part * requests}' for b, part in BELOW.items()]
    text = TEXT.format(
        requests=requests, cpu=cpu, buckets="\n".join(buckets), started=STARTED.timestamp()
    )
    return read_exposition(text, at)


@pytest.fixture(scope="module")
def past() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    watched = Watched(
        {"service": "api"},
        exposed(NOON - timedelta(seconds=10), requests=100, cpu=1.0),
        exposed(NOON, requests=200, cpu=1.5),
    )
    rows: dict[str, list[tuple[float, float]]] = defaultdict(list)
    *lines, end = write_past([watched], lasts=LASTS, rng=np.random.default_rng(1))
    assert end == "# EOF\n"
    for line in lines:
        series, value, time = line.rsplit(" ", 2)
        rows[series].append((float(time), float(value)))
    return {series: (np.array(r)[:, 0], np.array(r)[:, 1]) for series, r in rows.items()}


def test_every_series_has_a_past_under_its_own_name_with_the_labels_it_will_have(
    past: dict[str, tuple[np.ndarray, np.ndarray]],
) -> None:
    assert set(past) == {
        'up{service="api"}',
        'http_requests_total{status="2xx",service="api"}',
        'http_requests_total{status="5xx",service="api"}',
        'process_cpu_seconds_total{service="api"}',
        'process_start_time_seconds{service="api"}',
        'process_resident_memory_bytes{service="api"}',
        'process_memory_limit_bytes{service="api"}',
        'queue_depth{service="api"}',
        *(f'took_seconds_bucket{{le="{bound}",service="api"}}' for bound in BELOW),
        'took_seconds_sum{service="api"}',
        'took_seconds_count{service="api"}',
    }


def test_the_past_ends_where_the_program_began(
    past: dict[str, tuple[np.ndarray, np.ndarray]],
) -> None:
    for times, _ in past.values():
        assert times[-1] == pytest.approx(STARTED.timestamp())
        assert np.allclose(np.diff(times), STEP.total_seconds())
        assert times[-1] - times[0] == LASTS.total_seconds()


@pytest.mark.parametrize(
    ("series", "per_second"),
    [
        ('http_requests_total{status="2xx",service="api"}', 10),
        ('http_requests_total{status="5xx",service="api"}', 0),
        ('process_cpu_seconds_total{service="api"}', 0.05),
        ('took_seconds_count{service="api"}', 10),
    ],
)
def test_counters_only_grow_and_end_as_fast_as_they_are_now(
    past: dict[str, tuple[np.ndarray, np.ndarray]], series: str, per_second: float
) -> None:
    times, values = past[series]

    assert (np.diff(values) >= 0).all()
    last = times > times[-1] - 600
    speed = (values[last][-1] - values[last][0]) / (times[last][-1] - times[last][0])
    assert speed == pytest.approx(per_second, rel=0.15)


def test_limits_stay_and_memory_hardly_moves(
    past: dict[str, tuple[np.ndarray, np.ndarray]],
) -> None:
    assert set(past['process_memory_limit_bytes{service="api"}'][1]) == {100_000_000}
    memory = past['process_resident_memory_bytes{service="api"}'][1]
    assert memory[-1] == pytest.approx(20_000_000, rel=0.01)
    assert 0.0005 < memory.std() / memory.mean() < 0.03


def test_buckets_are_cumulative_and_the_last_one_is_the_count(
    past: dict[str, tuple[np.ndarray, np.ndarray]],
) -> None:
    counts = [past[f'took_seconds_bucket{{le="{bound}",service="api"}}'][1] for bound in BELOW]

    for fast, slow in itertools.pairwise(counts):
        assert (fast <= slow).all()
    assert (counts[-1] == past['took_seconds_count{service="api"}'][1]).all()
    for count, part in zip(counts, BELOW.values(), strict=True):
        assert count[-1] / counts[-1][-1] == pytest.approx(part, abs=0.05)


def test_the_shop_is_busiest_in_the_afternoon_and_every_day_is_alike() -> None:
    hours = np.arange(0, 48) * 3600.0

    busy = rhythm(hours)

    assert 12 <= np.argmax(busy[:24]) <= 20
    assert np.allclose(busy[:24], busy[24:])
    assert busy.min() > 0.4


def test_what_was_restarted_while_it_was_measured_has_no_negative_speed() -> None:
    watched = Watched(
        {},
        exposed(NOON - timedelta(seconds=10), requests=500, cpu=9.0),
        exposed(NOON, requests=3, cpu=0.1),
    )

    assert watched.rate(("process_cpu_seconds_total", "")) == 0
    assert not any(math.isnan(float(line.split()[-2])) for line in _lines(watched))


def _lines(watched: Watched) -> list[str]:
    lines = list(write_past([watched], lasts=timedelta(minutes=5), rng=np.random.default_rng(1)))
    return lines[:-1]
