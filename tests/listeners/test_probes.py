from dataclasses import replace
from datetime import datetime, timedelta

from healing.listeners.probes import Asked, after, is_a_sign
from healing.ports import ProbeResult
from tests.stories import NOON, PROBE, running, seconds

SETTLE = timedelta(seconds=30)
OLD = running(started_at=NOON - timedelta(hours=1))
YOUNG = running(started_at=NOON - seconds(5))


def says(ok: bool, at: datetime = NOON) -> ProbeResult:
    return ProbeResult(ok=ok, detail="", at=at, took=seconds(0.1))


def ask(asked: Asked, *answers: bool, instance=OLD) -> Asked:
    for ok in answers:
        asked = after(asked, says(ok), instance, SETTLE)
    return asked


FRESH = Asked(due=NOON)


def test_enough_bad_answers_in_a_row_are_a_sign() -> None:
    assert not is_a_sign(ask(FRESH, False), PROBE)
    assert is_a_sign(ask(FRESH, False, False), PROBE)


def test_a_good_answer_in_between_begins_the_row_anew() -> None:
    assert not is_a_sign(ask(FRESH, False, True, False), PROBE)


def test_a_starting_container_is_given_time_to_answer() -> None:
    assert ask(FRESH, False, False, False, instance=YOUNG).failures == 0


def test_once_it_has_answered_well_in_this_run_its_time_to_settle_is_over() -> None:
    assert is_a_sign(ask(FRESH, True, False, False, instance=YOUNG), PROBE)


def test_having_answered_well_before_a_restart_does_not_count() -> None:
    before = ask(FRESH, True, instance=OLD)
    assert ask(before, False, False, instance=YOUNG).failures == 0


def test_what_lasts_is_a_sign_again_and_again() -> None:
    said = replace(ask(FRESH, False, False), said_at=NOON)
    soon = after(said, says(ok=False, at=NOON + seconds(4)), OLD, SETTLE)
    later = after(soon, says(ok=False, at=NOON + seconds(16)), OLD, SETTLE)
    assert (is_a_sign(soon, PROBE), is_a_sign(later, PROBE)) == (False, True)


def test_it_fails_since_the_first_bad_answer_in_a_row() -> None:
    failing = after(ask(FRESH, False), says(ok=False, at=NOON + seconds(4)), OLD, SETTLE)
    assert failing.failing_since == NOON
    assert ask(failing, True).failing_since is None
