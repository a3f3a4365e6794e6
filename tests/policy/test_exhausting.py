from dataclasses import replace
from datetime import timedelta

import pytest

from healing.forecast import Exhaustion, Outlook
from healing.names import SignalName
from healing.policy.exhausting import Word, alarm_of
from tests.stories import NOON

MINUTE = timedelta(minutes=1)
SOON = Exhaustion(
    signal=SignalName("memory"),
    outlook=Outlook.SOON,
    level=200.0,
    capacity=256.0,
    at=NOON,
    soonest=timedelta(minutes=10),
    likely=timedelta(minutes=15),
    latest=timedelta(minutes=25),
    risen=(80.0, 90.0),
    certainty=0.9,
)
BEFORE = replace(SOON, at=NOON - MINUTE)


@pytest.mark.parametrize(
    ("now", "before", "word", "is_raised"),
    [
        pytest.param(SOON, BEFORE, Word.SAID_TWICE, True, id="two looks in a row say so"),
        pytest.param(SOON, None, Word.SAID_ONCE, False, id="the first look"),
        pytest.param(
            SOON, replace(BEFORE, outlook=Outlook.GROWING), Word.SAID_ONCE, False, id="new"
        ),
        pytest.param(
            SOON, replace(BEFORE, certainty=0.6), Word.SAID_ONCE, False, id="unsure before"
        ),
        pytest.param(
            SOON, replace(BEFORE, at=NOON - 6 * MINUTE), Word.SAID_ONCE, False, id="long before"
        ),
        pytest.param(
            replace(SOON, soonest=MINUTE), None, Word.NO_TIME, True, id="no time to look again"
        ),
        pytest.param(
            replace(SOON, certainty=0.79), BEFORE, Word.UNSURE, False, id="not sure enough"
        ),
        pytest.param(
            replace(SOON, risen=(-1.0, 90.0)), BEFORE, Word.NOT_RISING, False, id="falls since 6 h"
        ),
        pytest.param(
            replace(SOON, risen=(80.0, 0.0)), BEFORE, Word.NOT_RISING, False, id="as a day before"
        ),
        pytest.param(replace(SOON, risen=(80.0, None)), BEFORE, Word.SAID_TWICE, True, id="young"),
        pytest.param(
            replace(SOON, level=50.0, likely=3 * timedelta(hours=1)),
            BEFORE,
            Word.HEADROOM,
            False,
            id="most of it is free",
        ),
        pytest.param(
            replace(SOON, level=50.0), BEFORE, Word.SAID_TWICE, True, id="free, but not for long"
        ),
        pytest.param(
            replace(SOON, outlook=Outlook.GROWING), BEFORE, Word.NOT_SOON, False, id="later"
        ),
        pytest.param(
            replace(SOON, outlook=Outlook.FULL), None, Word.FULL, True, id="full: at once"
        ),
    ],
)
def test_an_alarm_is_sure_said_twice_and_on_the_way_up(
    now: Exhaustion, before: Exhaustion | None, word: Word, is_raised: bool
) -> None:
    alarm = alarm_of(now, before, every=MINUTE)

    assert (alarm.word, alarm.is_raised) == (word, is_raised)
    assert alarm.reason
