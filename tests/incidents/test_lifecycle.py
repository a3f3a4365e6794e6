from datetime import timedelta

import pytest

from healing.incidents import (
    Acted,
    Answer,
    Attached,
    Begun,
    Choice,
    Closed,
    Decided,
    Ending,
    Gated,
    Intended,
    Outcome,
    Recorded,
    Remedy,
    Stage,
    Verdict,
    Verified,
    new_id,
)
from healing.names import AGENT
from healing.policy import Because
from healing.remedies import fence
from tests.stories import NOON, exited, finding, incident, seconds

INTENDED = Intended(remedy=Remedy.START, fence=fence(exited(1)), expectation="it runs")
DONE = Acted(outcome=Outcome.DONE, detail="started", took=seconds(0.3))
STABLE = Verified(verdict=Verdict.STABLE, detail="well")
UNCHANGED = Verified(verdict=Verdict.UNCHANGED, detail="not well")
HEALED = Closed(ending=Ending.HEALED, because=Because.STABLE, detail="well")
HELD = Gated(passed=("level",), held_by="budget", because=Because.BUDGET_EXHAUSTED, until=NOON)
GO = Gated(passed=("level", "budget"))
ACT = Decided(
    Choice(answer=Answer.ACT, because=Because.NEW, detail="it crashed", remedy=Remedy.START)
)
WAIT = Decided(Choice(answer=Answer.WAIT, because=Because.UPSTREAM_DOWN, detail="cache is down"))


@pytest.mark.parametrize(
    ("events", "stage"),
    [
        pytest.param((), Stage.OPEN, id="noticed"),
        pytest.param((Begun(AGENT),), Stage.LOOKING, id="taken up"),
        pytest.param((Begun(AGENT), WAIT), Stage.WAITING, id="waiting for its upstream"),
        pytest.param((Begun(AGENT), ACT, HELD), Stage.WAITING, id="held by a gate"),
        pytest.param((Begun(AGENT), ACT, HELD, Begun(AGENT)), Stage.LOOKING, id="taken up again"),
        pytest.param((Begun(AGENT), ACT, GO, INTENDED), Stage.ACTING, id="about to act"),
        pytest.param((Begun(AGENT), ACT, GO, INTENDED, DONE), Stage.VERIFYING, id="acted"),
        pytest.param(
            (Begun(AGENT), INTENDED, DONE, UNCHANGED), Stage.LOOKING, id="it did not help"
        ),
        pytest.param((Begun(AGENT), INTENDED, DONE, STABLE, HEALED), Stage.CLOSED, id="healed"),
    ],
)
def test_where_an_incident_stands(events, stage: Stage) -> None:
    assert incident(*events).stage is stage


def test_an_act_whose_answer_was_never_written_is_open() -> None:
    assert incident(INTENDED).open_act is not None
    assert incident(INTENDED, DONE).open_act is None


def test_what_comes_after_the_end_changes_nothing_but_the_record() -> None:
    over = incident(Begun(AGENT), INTENDED, DONE, STABLE, HEALED)
    later = incident(Begun(AGENT), INTENDED, DONE, STABLE, HEALED, Attached(finding()), DONE)

    assert (later.stage, later.findings, later.acts) == (over.stage, over.findings, over.acts)
    assert len(later.history) == len(over.history) + 2


def test_a_new_telling_is_not_recorded_until_somebody_records_it() -> None:
    told = incident(Begun(AGENT), WAIT, Recorded(run="r1", live=True))
    again = incident(Begun(AGENT), WAIT, Recorded(run="r1", live=True), Begun(AGENT))

    assert (told.run, again.run) == ("r1", None)
    assert (told.tellings, again.tellings) == (1, 2)


def test_a_new_decision_forgets_the_gate_that_held_the_last_one() -> None:
    assert incident(ACT, HELD).waits_because is Because.BUDGET_EXHAUSTED
    assert incident(ACT, HELD, Begun(AGENT), WAIT).waits_because is Because.UPSTREAM_DOWN
    assert incident(ACT, HELD, Begun(AGENT)).waits_because is None


def test_only_an_act_that_was_done_is_verified() -> None:
    unknown = Acted(outcome=Outcome.UNKNOWN, detail="no answer", took=seconds(60))

    assert incident(INTENDED, DONE).wants_verification
    assert not incident(INTENDED, unknown).wants_verification
    assert not incident(INTENDED, DONE, STABLE).wants_verification


def test_times_are_counted_from_the_first_sign() -> None:
    story = incident(Begun(AGENT), INTENDED, DONE, STABLE, HEALED)
    assert (story.to_act, story.to_end) == (timedelta(seconds=2), timedelta(seconds=5))


def test_ids_sort_by_time_and_read_well() -> None:
    earlier = new_id(NOON, lambda: 0x7FFF)
    later = new_id(NOON + seconds(1), lambda: 0)

    assert earlier < later
    assert len(earlier) == len(later) == 9
    assert set(earlier) <= set("0123456789abcdefghjkmnpqrstvwxyz")


def test_an_act_that_was_not_begun_is_looked_at_anew() -> None:
    away = Acted(outcome=Outcome.NOT_BEGUN, detail="no answer", took=seconds(5))
    story = incident(INTENDED, away)
    assert (story.stage, story.wants_verification) == (Stage.LOOKING, False)
