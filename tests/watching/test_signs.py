"""What speaks for a failure, gathered; what is not known is not zero."""

import math

import numpy as np
import pytest

from healing.failure import Sign
from healing.forecast import Exhaustion, Outlook
from healing.leak import Because, Leak
from healing.names import SignalName
from healing.watching.became import Failure
from healing.watching.lately import Strangeness
from healing.watching.signs import gather
from tests.stories import DIED, NOON, STOPPED, exhaustion, seconds

MEMORY = SignalName("memory")


def forecast(outlook: Outlook, minutes: float | None = None) -> Exhaustion:
    span = None if minutes is None else seconds(60 * minutes)
    return exhaustion(outlook, soonest=span, likely=span, latest=span)


def test_the_strangest_of_the_newest_rows_counts() -> None:
    signs = gather(np.array([0.1, 0.9, math.nan, 0.5]), [], [], now=NOON)
    assert signs.values[Sign.STRANGEST] == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("scores", "forecasts"),
    [
        pytest.param(np.empty(0), [], id="no model, nothing that can run out"),
        pytest.param(np.full(5, math.nan), [forecast(Outlook.UNKNOWN)], id="nothing measured"),
    ],
)
def test_what_is_not_known_is_not_zero(scores: np.ndarray, forecasts: list[Exhaustion]) -> None:
    signs = gather(scores, forecasts, [], now=NOON)
    assert math.isnan(signs.values[Sign.STRANGEST])
    assert all(math.isnan(within) for within in signs.full_within)


def test_what_is_full_first_decides() -> None:
    both = [forecast(Outlook.STEADY), forecast(Outlook.SOON, 10)]
    assert gather(np.empty(0), both, [], now=NOON).full_within[0] > 0.5
    assert gather(np.empty(0), both[:1], [], now=NOON).full_within == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("happenings", "count"),
    [
        pytest.param([], 0, id="no container"),
        pytest.param([DIED, DIED], 2, id="two containers that ended by themselves"),
        pytest.param([STOPPED], 0, id="one that was stopped on purpose"),
    ],
)
def test_endings_that_nobody_asked_for_are_counted(happenings: list, count: int) -> None:
    assert gather(np.empty(0), [], happenings, now=NOON).values[Sign.RESTARTS] == count


@pytest.mark.parametrize(
    ("ended_ago", "value"),
    [
        pytest.param([], 0.0, id="none"),
        pytest.param([0], 1.0, id="one that is just over"),
        pytest.param([3600, 3600], 2 * math.exp(-1), id="two that were over an hour ago"),
        pytest.param([-math.inf], 0.0, id="one that is not over: it is failing, not about to"),
    ],
)
def test_failures_before_fade_with_time(ended_ago: list[float], value: float) -> None:
    at = NOON.timestamp()
    failures = [Failure(at - 9000, at - ago) for ago in ended_ago]
    signs = gather(np.empty(0), [], [], now=NOON, failures=failures)
    assert signs.values[Sign.RECENT_FAILURES] == pytest.approx(value)


@pytest.mark.parametrize(
    ("because", "value"),
    [
        pytest.param([Because.LEAK], 1.0, id="it leaks"),
        pytest.param([Because.TOO_LITTLE, Because.CACHE], 0.0, id="it does not"),
        pytest.param([Because.TOO_LITTLE], math.nan, id="too little to say"),
        pytest.param([], math.nan, id="nothing that can leak"),
    ],
)
def test_a_leak_of_which_too_little_is_known_is_not_zero(
    because: list[Because], value: float
) -> None:
    leaks = [Leak(signal=MEMORY, at=NOON, because=why) for why in because]
    signs = gather(np.empty(0), [], [], now=NOON, leaks=leaks)
    assert signs.values[Sign.LEAK] == pytest.approx(value, nan_ok=True)


def test_what_looks_before_and_other_services_say_is_gathered_too() -> None:
    lately = Strangeness(strangest=2.0, hour=0.7, times=4.0)
    signs = gather(
        np.empty(0), [], [], now=NOON, lately=lately, upstream=3.0, shifted=1.0, burn=2.5
    )

    assert [
        signs.values[sign]
        for sign in (Sign.STRANGENESS, Sign.DRIFT, Sign.UPSTREAM, Sign.LEVEL_SHIFT, Sign.BURN)
    ] == [0.7, 4.0, 3.0, 1.0, 2.5]
