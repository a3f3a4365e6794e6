from datetime import timedelta

import numpy as np
import pytest

from healing.features import surprise_of
from healing.finding import Kind
from healing.forecast import Exhaustion, Outlook
from healing.leak import Because, Leak
from healing.names import SignalName
from healing.policy.exhausting import Alarm, Word
from healing.policy.outlook import (
    finding_of_exhaustion,
    finding_of_leak,
    finding_of_strangeness,
    strange_from,
)
from tests.stories import API, API_1, NOON

MEMORY = SignalName("memory")
EVERYWHERE = np.ones(5, bool)


def forecast(outlook: Outlook, certainty: float = 0.9) -> Exhaustion:
    return Exhaustion(
        signal=MEMORY,
        outlook=outlook,
        level=200.0,
        capacity=256.0,
        at=NOON,
        likely=timedelta(minutes=2),
        certainty=certainty,
        reason="full in 2 min",
    )


@pytest.mark.parametrize(
    ("word", "is_found"),
    [(Word.LASTS, True), (Word.FULL, True), (Word.NOT_YET, False), (Word.NOT_SOON, False)],
)
def test_only_an_alarm_is_a_finding(word: Word, is_found: bool) -> None:
    found = finding_of_exhaustion(API, API_1, forecast(Outlook.SOON), Alarm(word, ""))
    assert (found is not None) is is_found


def test_a_finding_says_when_in_words() -> None:
    found = finding_of_exhaustion(API, API_1, forecast(Outlook.SOON), Alarm(Word.LASTS, ""))
    assert (found.kind, found.signal, found.detail) == (Kind.EXHAUSTION, MEMORY, "full in 2 min")


@pytest.mark.parametrize(
    ("because", "minutes", "is_found"),
    [
        pytest.param(Because.LEAK, 40, True, id="full within the time that counts"),
        pytest.param(Because.LEAK, 300, False, id="full later: a restart now would hide it"),
        pytest.param(Because.PLATEAU, 40, False, id="no leak"),
    ],
)
def test_a_leak_is_a_finding_once_it_is_near(
    because: Because, minutes: int, is_found: bool
) -> None:
    leak = Leak(
        signal=MEMORY,
        at=NOON,
        because=because,
        full_in=timedelta(minutes=minutes),
        reason="memory leaks",
    )

    found = finding_of_leak(API, API_1, leak, within=timedelta(minutes=45))

    assert (found is not None) is is_found


@pytest.mark.parametrize(
    ("values", "is_found"),
    [
        pytest.param((0.1, 0.98, 0.98, 0.2, 0.98), True, id="three of five"),
        pytest.param((0.1, 0.98, 0.2, 0.2, 0.98), False, id="two of five"),
        pytest.param((0.98, 0.98, 0.98, 0.2, 0.2), False, id="it is over"),
        pytest.param((0.95, 0.95, 0.95, 0.95, 0.95), False, id="not strange enough"),
        pytest.param((np.nan, np.nan, np.nan, np.nan, np.nan), False, id="unknown"),
    ],
)
def test_strangeness_must_last(values, is_found: bool) -> None:
    found = finding_of_strangeness(
        API, np.array(values), "why", step=60, worth=EVERYWHERE, sensitivity=0.8, at=NOON
    )
    assert (found is not None) is is_found


def test_strangeness_of_what_does_not_matter_is_no_finding() -> None:
    found = finding_of_strangeness(
        API, np.full(5, 0.99), "why", step=60, worth=~EVERYWHERE, sensitivity=0.8, at=NOON
    )
    assert found is None


def test_sensitivity_moves_the_threshold_and_nothing_else() -> None:
    thresholds = [strange_from(s / 10) for s in range(11)]
    assert thresholds == sorted(thresholds, reverse=True)
    assert strange_from(0.6) == pytest.approx(0.99)
    assert strange_from(1.0) == pytest.approx(0.9)


def test_what_is_strange_is_as_often_a_day_at_any_step_from_a_minute_on() -> None:
    rarities = [surprise_of(np.array([strange_from(0.8, step=s)]))[0] for s in (60, 300, 900)]
    a_day = [86_400 / step * 10**-rare for step, rare in zip((60, 300, 900), rarities, strict=True)]
    assert a_day == pytest.approx([a_day[0]] * 3)


@pytest.mark.parametrize(
    ("step", "as_at"),
    [
        pytest.param(10, 60, id="rows closer than a minute say the same"),
        pytest.param(86_400, 3600, id="what one row in a hundred reaches is not strange"),
    ],
)
def test_how_rare_is_strange_has_bounds(step: int, as_at: int) -> None:
    assert strange_from(0.8, step=step) == pytest.approx(strange_from(0.8, step=as_at))
