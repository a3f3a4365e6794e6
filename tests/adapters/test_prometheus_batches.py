"""Many questions in one request, against a real server: the answers are those of single ones."""

from collections.abc import Iterator

import numpy as np
import pytest

from healing.adapters.prometheus import PrometheusSource
from healing.adapters.prometheus.batches import LONGEST, MOST_TOGETHER, together
from healing.history import Answer, Read, Reading
from healing.names import SignalName
from tests.real.prometheus import MakePrometheus, openmetrics

pytestmark = pytest.mark.real("prometheus")

EPOCH = 1_767_268_800
TIMES = EPOCH - 3600 + 60 * np.arange(61)
SERVICES = 150
HISTORY = {f'memory_bytes{{service="s{n}"}}': (TIMES, n + TIMES % 600) for n in range(SERVICES)} | {
    f'requests_total{{service="s{n}"}}': (TIMES, n * (TIMES - TIMES[0])) for n in range(SERVICES)
}
QUERIES = {
    "several": "memory_bytes",
    "nothing": 'memory_bytes{service="none"}',
    "wrong": "sum(rate(memory_bytes))",
    "cut short": 'sum(memory_bytes{service="s1"',
    "a number": "42",
    "text": '"hello"',
    "comment": 'memory_bytes{service="s7"} # the seventh',
    "either": 'memory_bytes{service="s5"} or memory_bytes{service="s6"}',
    "without a name": 'max(memory_bytes{service=~"s1|s2"})',
    "braces": ') or (memory_bytes{service="s8"}',
}


@pytest.fixture(scope="module")
def source(make_prometheus: MakePrometheus) -> Iterator[PrometheusSource]:
    source = PrometheusSource(make_prometheus(openmetrics(HISTORY)).url)
    yield source
    source.close()


def ask(query: str, *, step: int = 60, start: int = EPOCH - 1800) -> Read:
    return Read(signal=SignalName("it"), query=query, start=start, end=EPOCH, step=step)


def told(reading: Reading) -> tuple[object, ...]:
    samples = (reading.times.tolist(), reading.values.tolist())
    return (reading.read, reading.answer, reading.until, reading.detail, samples)


def requests_of(source: PrometheusSource, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note each request that is made from now on."""
    made, client = list[str](), source._client  # noqa: SLF001 what goes over the wire is the point
    ask_range = client.custom_query_range

    def noted(query: str, *args: object, **kwargs: object) -> object:
        made.append(query)
        return ask_range(query, *args, **kwargs)

    monkeypatch.setattr(client, "custom_query_range", noted)
    return made


def test_hundreds_of_questions_take_a_few_requests(
    source: PrometheusSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = requests_of(source, monkeypatch)
    reads = [ask(f'memory_bytes{{service="s{n}"}}') for n in range(SERVICES)]

    readings = source.read(reads)

    assert [reading.read for reading in readings] == reads
    assert [reading.values[0] - readings[0].values[0] for reading in readings] == list(
        range(SERVICES)
    )
    assert len(made) <= SERVICES / 25


def test_the_answers_are_those_of_single_questions(source: PrometheusSource) -> None:
    mixed = [
        ask(query, step=step, start=start)
        for start in (EPOCH - 1800, EPOCH - 600)
        for step in (60, 30)
        for query in [
            *QUERIES.values(),
            *(f'requests_total{{service="s{n}"}}' for n in range(20)),
        ]
    ]

    at_once = source.read(mixed)

    assert [told(one) for one in at_once] == [told(source.read([read])[0]) for read in mixed]
    answers = {one.read.query: one.answer for one in at_once}
    assert answers[QUERIES["wrong"]] is Answer.BAD_QUERY
    assert answers[QUERIES["several"]] is Answer.SEVERAL
    assert answers[QUERIES["nothing"]] is Answer.EMPTY
    assert answers[QUERIES["a number"]] is Answer.OK
    assert answers[QUERIES["comment"]] is Answer.OK


def test_a_request_stays_small() -> None:
    short = [ask(f"m{n}") for n in range(300)]
    long = [ask(f'm{{x="{"y" * 2000}{n}"}}') for n in range(9)]
    years = [ask("m", step=15, start=EPOCH - 86_400 * 30) for _ in range(9)]

    assert MOST_TOGETHER // 2 < max(map(len, together(short))) <= MOST_TOGETHER
    assert max(map(len, together(long))) <= LONGEST // 2000
    assert max(map(len, together(years))) == 1
    everything = [*short, *long, *years]
    assert sorted(n for batch in together(everything) for n in batch) == list(range(318))
