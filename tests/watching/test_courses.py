from datetime import timedelta

import numpy as np
import pytest

from healing.forecast import Exhaustion, Outlook
from healing.history import History
from healing.names import ServiceName, SignalName
from healing.watching.courses import AT_ONCE, Courses, expected
from tests.metrics import DAY, EPOCH, MEMORY, NOON, history_of
from tests.stories import API, exhaustion

HOUR, STEP = timedelta(hours=1), timedelta(minutes=5)
TURNS = 6
"""Looks at a step of five minutes until a course is drawn anew."""


def days(count: int = 3) -> History:
    """Memory that goes up and down by a third with the time of day."""
    times = EPOCH - 300 * np.arange(count * 288)[::-1]
    noise = np.random.default_rng(0).standard_normal(len(times))
    return history_of(300, memory=60 + 20 * np.sin(2 * np.pi * times / DAY) + noise)


def says(outlook: Outlook, hours: tuple[float, float, float] | None = None) -> Exhaustion:
    soonest, likely, latest = (HOUR * h for h in hours) if hours else (None, None, None)
    return exhaustion(outlook, soonest=soonest, likely=likely, latest=latest)


def test_what_does_not_fill_up_takes_its_course() -> None:
    course = Courses().of(API, days(), (MEMORY,), NOON)

    six, day = expected(course, [says(Outlook.STEADY)], (6 * HOUR, 24 * HOUR), NOON)

    usual = 60 + 20 * np.sin(2 * np.pi * (EPOCH + 6 * 3600) / DAY)
    assert six.quantiles[0] < usual < six.quantiles[2]
    assert six.quantiles[1] == pytest.approx(usual, abs=4)
    assert day.quantiles[1] == pytest.approx(60, abs=4)


def test_what_fills_up_goes_to_its_capacity() -> None:
    (ahead,) = expected(None, [says(Outlook.SOON, (1.0, 2.0, 4.0))], (2 * HOUR,), NOON)

    assert ahead.quantiles == (80.0, 100.0, 140.0)


def test_what_has_not_been_drawn_is_unknown() -> None:
    (ahead,) = expected(None, [says(Outlook.STEADY)], (HOUR,), NOON)

    assert np.isnan(ahead.quantiles).all()


def test_the_same_time_is_said_once() -> None:
    assert len(expected(None, [says(Outlook.STEADY)], (HOUR, HOUR, 2 * HOUR), NOON)) == 2


def test_each_service_has_its_own_look_and_new_ones_are_drawn_a_few_at_once() -> None:
    courses, history = Courses(), days()
    names = [ServiceName(f"s{n}") for n in range(40)]

    first = [courses.of(name, history, (MEMORY,), NOON) for name in names]
    for minute in range(1, TURNS):
        for name in names:
            courses.of(name, history, (MEMORY,), NOON + minute * STEP)
    later = [courses.of(name, history, (MEMORY,), NOON + STEP * TURNS) for name in names]

    drawn = sum(one is not None for one in first)
    assert AT_ONCE <= drawn < len(names)
    assert all(one is not None for one in later)


def test_a_course_is_kept_until_its_turn() -> None:
    courses, history = Courses(), days()
    first = courses.of(API, history, (MEMORY,), NOON)
    looks = [courses.of(API, history, (MEMORY,), NOON + n * STEP) for n in range(1, TURNS + 1)]

    assert len({id(one) for one in (first, *looks)}) == 2
    assert looks[-1] is not first


def test_other_signals_are_drawn_anew_and_none_are_not_drawn() -> None:
    courses = Courses()
    both = history_of(300, memory=np.full(600, 50.0), disk=np.full(600, 20.0))
    courses.of(API, both, (MEMORY,), NOON)

    other = courses.of(API, both, (SignalName("disk"),), NOON)

    assert other is not None
    assert other.signals == ("disk",)
    assert courses.of(API, both, (), NOON) is None


def test_a_course_whose_turn_was_missed_is_drawn_anew_when_it_is_too_old() -> None:
    courses, history = Courses(), days()
    first = courses.of(API, history, (MEMORY,), NOON)

    # Every fourth step only: no turn of six may ever come.
    looks = [courses.of(API, history, (MEMORY,), NOON + 4 * n * STEP) for n in range(1, 6)]

    assert looks[-1] is not first
