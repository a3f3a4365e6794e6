from datetime import timedelta

import pytest

from healing.finding import Kind
from healing.incidents import (
    Acted,
    Answer,
    Cause,
    Code,
    Intended,
    Outcome,
    Remedy,
    Verdict,
    Verified,
)
from healing.policy import Because
from healing.remedies import choose, fence
from tests.stories import NOON, exited, finding, incident, running


def cause(code: Code) -> tuple[Cause, ...]:
    return (Cause(code=code, confidence=0.9, evidence=("because",)),)


def tried(remedy: Remedy, times: int, outcome: Outcome = Outcome.DONE):
    intended = Intended(remedy=remedy, fence=fence(running()), expectation="well")
    acted = Acted(outcome=outcome, detail="", took=timedelta(seconds=1))
    unchanged = Verified(verdict=Verdict.UNCHANGED, detail="")
    return incident(*[intended, acted, unchanged] * times)


@pytest.mark.parametrize(
    ("code", "answer", "remedy"),
    [
        (Code.EXITED, Answer.ACT, Remedy.START),
        (Code.KILLED, Answer.ACT, Remedy.START),
        (Code.OUT_OF_MEMORY, Answer.ACT, Remedy.START),
        (Code.HUNG, Answer.ACT, Remedy.RESTART),
        (Code.NOT_LISTENING, Answer.ACT, Remedy.RESTART),
        (Code.FAILING_HEALTHCHECK, Answer.ACT, Remedy.RESTART),
        (Code.MEMORY_LEAK, Answer.ACT, Remedy.RESTART),
        (Code.HUMAN_STOPPED, Answer.WAIT, None),
        (Code.PAUSED, Answer.WAIT, None),
        (Code.STOP_UNEXPLAINED, Answer.WAIT, None),
        (Code.UPSTREAM_DOWN, Answer.WAIT, None),
        (Code.ENGINE_RESTARTING, Answer.WAIT, None),
        (Code.STARTING, Answer.WAIT, None),
        (Code.RECOVERED, Answer.NOTHING, None),
        (Code.COMPLETED, Answer.NOTHING, None),
        (Code.GONE, Answer.NOTHING, None),
        (Code.STRANGE, Answer.NOTHING, None),
        (Code.CRASH_LOOP, Answer.ESCALATE, None),
        (Code.START_FAILED, Answer.ESCALATE, None),
        (Code.BROKEN_HEALTHCHECK, Answer.ESCALATE, None),
        (Code.EXHAUSTION, Answer.ESCALATE, None),
    ],
)
def test_what_is_done_about_each_cause(code: Code, answer: Answer, remedy: Remedy | None) -> None:
    choice = choose(incident(), cause(code), running(), NOON)
    assert (choice.answer, choice.remedy) == (answer, remedy)


@pytest.mark.parametrize("code", list(Code))
def test_every_cause_has_an_answer_with_a_reason(code: Code) -> None:
    assert choose(incident(), cause(code), running(), NOON).detail


def test_a_remedy_that_did_not_help_is_tried_once_more_and_then_a_person_is_called() -> None:
    once = choose(tried(Remedy.RESTART, 1), cause(Code.HUNG), running(), NOON)
    twice = choose(tried(Remedy.RESTART, 2), cause(Code.HUNG), running(), NOON)

    assert (once.answer, once.attempt) == (Answer.ACT, 2)
    assert (twice.answer, twice.because) == (Answer.ESCALATE, Because.NOT_HEALED)


def test_an_act_of_unknown_outcome_counts_as_an_attempt() -> None:
    twice = choose(tried(Remedy.RESTART, 2, Outcome.UNKNOWN), cause(Code.HUNG), running(), NOON)
    assert twice.answer is Answer.ESCALATE


def test_an_act_that_was_overtaken_does_not_count() -> None:
    twice = choose(tried(Remedy.RESTART, 2, Outcome.SUPERSEDED), cause(Code.HUNG), running(), NOON)
    assert twice.answer is Answer.ACT


def test_a_person_may_ask_to_start_what_a_person_stopped() -> None:
    asked = incident(remedy=Remedy.RESTART, finding=finding(Kind.REQUESTED))
    choice = choose(asked, cause(Code.HUMAN_STOPPED), exited(143), NOON)
    assert (choice.answer, choice.remedy) == (Answer.ACT, Remedy.START)


def test_what_a_person_stopped_is_not_started_because_a_breaker_opened() -> None:
    opened = incident(remedy=Remedy.RESTART, finding=finding(Kind.BREAKER_OPEN))
    choice = choose(opened, cause(Code.HUMAN_STOPPED), exited(143), NOON)
    assert choice.answer is Answer.WAIT


def test_what_the_breaker_asks_for_is_done_where_the_container_looks_well() -> None:
    opened = incident(remedy=Remedy.RESTART, finding=finding(Kind.BREAKER_OPEN))
    choice = choose(opened, cause(Code.CALLS_FAIL), running(), NOON)
    assert (choice.answer, choice.remedy) == (Answer.ACT, Remedy.RESTART)


def test_without_an_act_to_do_a_container_that_looks_well_is_left_as_it_is() -> None:
    opened = incident(finding=finding(Kind.BREAKER_OPEN))
    choice = choose(opened, cause(Code.CALLS_FAIL), running(), NOON)
    assert (choice.answer, choice.because) == (Answer.NOTHING, Because.NO_REMEDY)


def test_waiting_for_what_may_pass_says_when_to_look_again() -> None:
    assert choose(incident(), cause(Code.UPSTREAM_DOWN), running(), NOON).until > NOON
    assert choose(incident(), cause(Code.HUMAN_STOPPED), running(), NOON).until is None
