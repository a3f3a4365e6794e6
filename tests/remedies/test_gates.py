from dataclasses import replace
from datetime import timedelta

import pytest

from healing.finding import Kind
from healing.incidents import Act, Cause, Code, Diagnosed, Intended, Remedy
from healing.instances import What
from healing.policy import Because
from healing.policy.storm import Storm
from healing.remedies import GATES, Situation, ask, fence, rest
from healing.services import Level, Limits
from tests.stories import API_1, NOON, finding, happened, incident, running, seconds, service

OTHER = incident()
HANGING = Cause(code=Code.HUNG, confidence=0.85, evidence=("no answer",))
LEAKING = Cause(code=Code.MEMORY_LEAK, confidence=0.9, evidence=("full soon",))


def act(ago: float) -> Act:
    intended = Intended(remedy=Remedy.RESTART, fence=fence(running()), expectation="well")
    return Act(at=NOON - seconds(ago), intended=intended)


def done(*ago: float, by: str = "other") -> tuple[tuple[object, Act], ...]:
    return tuple((replace(OTHER, id=by), act(when)) for when in ago)


def situation(**changes):
    base = {
        "now": NOON,
        "service": service(limits=Limits(cool_down=timedelta(minutes=1), budget=3)),
        "instance": running(),
        "remedy": Remedy.RESTART,
    }
    return Situation(**{**base, **changes})


@pytest.mark.parametrize(
    ("around", "because"),
    [
        pytest.param(
            situation(switched_off="switched off by ops"), Because.SWITCHED_OFF, id="kill switch"
        ),
        pytest.param(
            situation(ourselves=frozenset({running().id})), Because.SELF_PROTECTION, id="us"
        ),
        pytest.param(situation(protected=frozenset({API_1})), Because.PROTECTED, id="protected"),
        pytest.param(
            situation(service=service(hold="being debugged")),
            Because.HELD_BY_LABEL,
            id="hold label",
        ),
        pytest.param(
            situation(service=service(level=Level.OBSERVE)), Because.OBSERVE_ONLY, id="observe"
        ),
        pytest.param(
            situation(service=service(level=Level.RECOMMEND)),
            Because.RECOMMEND_ONLY,
            id="recommend",
        ),
        pytest.param(
            situation(service=service(level=Level.APPROVE)), Because.APPROVAL_REQUIRED, id="approve"
        ),
        pytest.param(
            situation(service=service(critical=True)), Because.APPROVAL_REQUIRED, id="critical"
        ),
        pytest.param(
            situation(happenings=(happened(What.UNPAUSED, 60),)),
            Because.HUMAN_AT_WORK,
            id="unpaused a minute ago",
        ),
        pytest.param(situation(acts=done(30)), Because.COOLING_DOWN, id="acted 30 seconds ago"),
        pytest.param(
            situation(acts=done(200, 100)), Because.COOLING_DOWN, id="two acts: twice the rest"
        ),
        pytest.param(
            situation(acts=done(3500, 3000, 2000)), Because.BUDGET_EXHAUSTED, id="budget spent"
        ),
    ],
)
def test_a_gate_holds_and_says_why(around: Situation, because: Because) -> None:
    gated = ask(incident(), around)

    assert gated.because is because
    assert gated.held_by
    assert gated.detail


@pytest.mark.parametrize(
    "around",
    [
        pytest.param(situation(), id="nothing speaks against it"),
        pytest.param(situation(approved=True, service=service(critical=True)), id="approved"),
        pytest.param(situation(acts=done(61)), id="rested long enough"),
        pytest.param(situation(acts=done(4000, 3900, 3800)), id="budget of an hour ago"),
        pytest.param(situation(happenings=(happened(What.UNPAUSED, 400),)), id="person has left"),
    ],
)
def test_every_gate_passes(around: Situation) -> None:
    gated = ask(incident(), around)

    assert gated.held_by == ""
    assert gated.passed == tuple(GATES)


def test_a_person_who_asks_may_act_where_we_only_observe() -> None:
    asked = incident(remedy=Remedy.RESTART, finding=finding(Kind.REQUESTED))
    assert ask(asked, situation(service=service(level=Level.OBSERVE))).held_by == ""


def test_what_the_configuration_asks_for_does_not_go_before_the_level() -> None:
    opened = incident(remedy=Remedy.RESTART, finding=finding(Kind.BREAKER_OPEN))
    held = ask(opened, situation(service=service(level=Level.OBSERVE)))
    assert held.because is Because.OBSERVE_ONLY


def test_a_dry_run_never_reaches_the_other_gates() -> None:
    gated = ask(incident(dry_run=True), situation())
    assert (gated.because, gated.passed) == (Because.DRY_RUN, ())


def test_the_own_acts_of_an_incident_do_not_cool_it_down() -> None:
    mine = ((incident(), act(5)),)
    assert ask(incident(), situation(acts=mine)).held_by == ""


def test_the_last_good_copy_is_not_restarted_for_a_mere_warning() -> None:
    leaking = incident(Diagnosed((LEAKING,)))

    assert ask(leaking, situation(healthy_peers=0)).because is Because.LAST_REPLICA
    assert ask(leaking, situation(healthy_peers=1)).held_by == ""
    assert ask(leaking, situation(healthy_peers=None)).held_by == ""


def storm(ago: float, *services: str) -> Storm:
    return Storm(services=services, asked=6, since=NOON - seconds(ago))


@pytest.mark.parametrize(
    ("cause", "around", "held"),
    [
        pytest.param(HANGING, situation(storm=storm(5, "api", "db", "web")), True, id="a storm"),
        pytest.param(
            *(HANGING, situation(storm=storm(600, "api", "db", "web")), False),
            id="it lasts, and this one is tried",
        ),
        pytest.param(
            *(HANGING, situation(storm=storm(600, "aaa", "api", "web")), True),
            id="it lasts, and another one is tried",
        ),
        pytest.param(
            *(HANGING, situation(storm=storm(5, "api"), remedy=Remedy.START), False), id="a start"
        ),
        pytest.param(LEAKING, situation(storm=storm(5, "api", "db")), False, id="it answers"),
    ],
)
def test_what_many_services_have_at_once_is_not_mended_by_restarts(cause, around, held) -> None:
    gated = ask(incident(Diagnosed((cause,))), around)
    assert (gated.because is Because.STORM) is held


def test_a_person_who_asks_may_act_in_a_storm() -> None:
    asked = incident(Diagnosed((HANGING,)), remedy=Remedy.RESTART, finding=finding(Kind.REQUESTED))
    assert ask(asked, situation(storm=storm(5, "api", "db", "web"))).held_by == ""


def test_a_budget_says_when_it_has_room_again() -> None:
    gated = ask(incident(), situation(acts=done(3500, 3000, 2000)))
    assert gated.until == NOON + timedelta(seconds=100)


def test_the_rest_doubles_up_to_an_hour() -> None:
    minute = Limits(cool_down=timedelta(minutes=1))
    assert [rest(minute, n) for n in (1, 2, 3)] == [timedelta(minutes=m) for m in (1, 2, 4)]
    assert rest(minute, 20) == timedelta(hours=1)
