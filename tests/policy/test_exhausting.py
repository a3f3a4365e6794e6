from dataclasses import replace
from datetime import timedelta

import pytest

from healing.forecast import Exhaustion, Outlook
from healing.names import SignalName
from healing.policy.exhausting import Alarm, Word, alarm_of
from tests.stories import NOON

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
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
BEFORE = Alarm(Word.NOT_YET, "", since=NOON - 2 * MINUTE, at=NOON - MINUTE)


@pytest.mark.parametrize(
    ("now", "before", "word", "is_raised"),
    [
        pytest.param(SOON, BEFORE, Word.LASTS, True, id="a seventh of the time has been said"),
        pytest.param(SOON, None, Word.NOT_YET, False, id="the first look"),
        pytest.param(
            replace(SOON, soonest=HOUR), BEFORE, Word.NOT_YET, False, id="said for too short"
        ),
        pytest.param(
            replace(SOON, soonest=HOUR),
            replace(BEFORE, since=NOON - 9 * MINUTE, at=NOON - 5 * MINUTE),
            Word.LASTS,
            True,
            id="looks between were not sure",
        ),
        pytest.param(SOON, replace(BEFORE, since=None, at=None), Word.NOT_YET, False, id="new"),
        pytest.param(
            SOON,
            replace(BEFORE, since=NOON - HOUR, at=NOON - 6 * MINUTE),
            Word.NOT_YET,
            False,
            id="long before",
        ),
        pytest.param(
            replace(SOON, soonest=MINUTE / 4, likely=MINUTE / 2),
            None,
            Word.NO_TIME,
            True,
            id="no time to look again",
        ),
        pytest.param(
            replace(SOON, soonest=MINUTE / 2, likely=MINUTE),
            None,
            Word.NOT_YET,
            False,
            id="time to look once more",
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
        pytest.param(replace(SOON, risen=(80.0, None)), BEFORE, Word.LASTS, True, id="young"),
        pytest.param(
            replace(SOON, level=50.0, likely=3 * timedelta(hours=1)),
            BEFORE,
            Word.HEADROOM,
            False,
            id="most of it is free",
        ),
        pytest.param(
            replace(SOON, level=50.0), BEFORE, Word.LASTS, True, id="free, but not for long"
        ),
        pytest.param(
            replace(SOON, outlook=Outlook.GROWING), BEFORE, Word.NOT_SOON, False, id="later"
        ),
        pytest.param(
            replace(SOON, outlook=Outlook.FULL), None, Word.FULL, True, id="full: at once"
        ),
    ],
)
def test_an_alarm_is_sure_on_the_way_up_and_said_for_a_while(
    now: Exhaustion, before: Alarm | None, word: Word, is_raised: bool
) -> None:
    alarm = alarm_of(now, before, every=MINUTE)

    assert (alarm.word, alarm.is_raised) == (word, is_raised)
    assert alarm.reason


def test_what_was_said_is_remembered_over_a_look_that_is_not_sure() -> None:
    unsure = alarm_of(replace(SOON, certainty=0.6), BEFORE, every=MINUTE)

    assert (unsure.word, unsure.since, unsure.at) == (Word.UNSURE, BEFORE.since, BEFORE.at)
