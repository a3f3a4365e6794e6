from dataclasses import replace
from datetime import timedelta

import pytest

from healing.diagnosis import Dependency, Evidence, diagnose
from healing.finding import Kind
from healing.incidents import Code
from healing.instances import Health, HealthCheck, Status, What
from healing.names import ServiceName, SignalName
from healing.services import Expect
from tests.stories import (
    CLOSED,
    DIED,
    KILLED,
    NOON,
    OPEN,
    STOPPED,
    evidence,
    exited,
    finding,
    happened,
    running,
    says,
    seconds,
    service,
)

CACHE_DOWN = Dependency(name=ServiceName("cache"), ok=False, detail="shop-cache-1 is exited")
CACHE_WELL = Dependency(name=ServiceName("cache"), ok=True, detail="shop-cache-1 is well")
CACHE_BACK = replace(CACHE_WELL, up_since=NOON - seconds(8))
CACHE_UP = replace(CACHE_WELL, up_since=NOON - timedelta(minutes=8))
TAKEN_ALONG = happened(What.TAKEN_ALONG, 0.9)
HUNG = says(ok=False, detail="no answer within 2 s")
REFUSED = says(ok=False, detail="connection refused")
LEAK = finding(Kind.EXHAUSTION, signal=SignalName("memory"), score=0.9, detail="full in 80 s")


def checks(code: int, output: str) -> tuple[HealthCheck, ...]:
    return tuple(
        HealthCheck(at=NOON - seconds(10 * n), exit_code=code, output=output) for n in (3, 2, 1)
    )


@pytest.mark.parametrize(
    ("seen", "cause"),
    [
        pytest.param(evidence(exited(1), happenings=DIED), Code.EXITED, id="its process crashed"),
        pytest.param(
            evidence(exited(137), happenings=KILLED), Code.KILLED, id="killed without being asked"
        ),
        pytest.param(
            evidence(exited(143), happenings=STOPPED), Code.HUMAN_STOPPED, id="a person stopped it"
        ),
        pytest.param(
            evidence(exited(137), happenings=(*STOPPED[:1], *KILLED, STOPPED[2])),
            Code.HUMAN_STOPPED,
            id="a person stopped it and it had to be killed",
        ),
        pytest.param(
            evidence(exited(0), happenings=(*STOPPED, TAKEN_ALONG), service=service(probes=())),
            Code.EXITED,
            id="its engine was stopped, and took it along",
        ),
        pytest.param(
            evidence(exited(143), happenings=STOPPED, half_restarted=True),
            Code.EXITED,
            id="our restart stopped it and did not start it again",
        ),
        pytest.param(
            evidence(exited(137), happenings=()),
            Code.STOP_UNEXPLAINED,
            id="nobody saw whether it was stopped or killed",
        ),
        pytest.param(
            evidence(exited(1, finished_at=NOON - timedelta(days=3)), happenings=()),
            Code.STOP_UNEXPLAINED,
            id="left down for days before we came",
        ),
        pytest.param(evidence(exited(1), happenings=()), Code.EXITED, id="a crash that nobody saw"),
        pytest.param(
            evidence(exited(137, out_of_memory=True), happenings=DIED),
            Code.OUT_OF_MEMORY,
            id="killed by the kernel for its memory",
        ),
        pytest.param(
            evidence(exited(128, error="port is already allocated"), happenings=DIED),
            Code.START_FAILED,
            id="the engine could not start it",
        ),
        pytest.param(
            evidence(exited(1), happenings=[happened(What.DIED, ago) for ago in (50, 30, 10)]),
            Code.CRASH_LOOP,
            id="three deaths within a minute",
        ),
        pytest.param(
            evidence(exited(0), service=service(expect=Expect.COMPLETED)),
            Code.COMPLETED,
            id="a job that ended well",
        ),
        pytest.param(
            evidence(exited(0), service=service(probes=())),
            Code.COMPLETED,
            id="ended well, and nothing says it is a server",
        ),
        pytest.param(
            evidence(exited(0), happenings=(happened(What.DIED, 1, exit_code=0),)),
            Code.EXITED,
            id="a server ended with code 0",
        ),
        pytest.param(evidence(running(status=Status.PAUSED)), Code.PAUSED, id="docker pause"),
        pytest.param(
            evidence(running(status=Status.RESTARTING)),
            Code.ENGINE_RESTARTING,
            id="Docker is bringing it back",
        ),
        pytest.param(evidence(None), Code.GONE, id="removed"),
        pytest.param(evidence(running(), probes=(HUNG,)), Code.HUNG, id="hung, port open"),
        pytest.param(
            evidence(running(), probes=(REFUSED,)), Code.NOT_LISTENING, id="nothing listens"
        ),
        pytest.param(
            evidence(running(status=Status.CREATED, started_at=None)),
            Code.HUMAN_STOPPED,
            id="created and never started",
        ),
        pytest.param(
            evidence(running(), probes=(HUNG,), dependencies=(CACHE_BACK,)),
            Code.UPSTREAM_DOWN,
            id="what it needs is back since a moment",
        ),
        pytest.param(
            evidence(running(), probes=(HUNG,), dependencies=(CACHE_UP,)),
            Code.HUNG,
            id="what it needs is back since long",
        ),
        pytest.param(
            evidence(exited(1), happenings=DIED, dependencies=(CACHE_BACK,)),
            Code.EXITED,
            id="it ended, and what it needs is back",
        ),
        pytest.param(
            evidence(running(), probes=(HUNG,), dependencies=(CACHE_DOWN,)),
            Code.UPSTREAM_DOWN,
            id="what it needs is down",
        ),
        pytest.param(
            evidence(exited(1), happenings=DIED, dependencies=(CACHE_DOWN,)),
            Code.UPSTREAM_DOWN,
            id="crashed because what it needs is down",
        ),
        pytest.param(
            evidence(running(), probes=(HUNG,), dependencies=(CACHE_WELL,)),
            Code.HUNG,
            id="hung, and what it needs is well",
        ),
        pytest.param(
            evidence(running(), probes=(says(ok=True),), dependencies=(CACHE_DOWN,)),
            Code.RECOVERED,
            id="works although what it needs is down",
        ),
        pytest.param(
            evidence(running(started_at=NOON - seconds(5)), probes=(REFUSED,)),
            Code.STARTING,
            id="not listening yet, and still starting",
        ),
        pytest.param(
            evidence(running(health=Health.UNHEALTHY, health_log=checks(1, "timeout"))),
            Code.FAILING_HEALTHCHECK,
            id="its HEALTHCHECK fails",
        ),
        pytest.param(
            evidence(
                running(health=Health.UNHEALTHY, health_log=checks(127, "curl: not found")),
                probes=(says(ok=True),),
            ),
            Code.BROKEN_HEALTHCHECK,
            id="its HEALTHCHECK cannot run, and it answers well",
        ),
        pytest.param(
            evidence(running(), probes=(says(ok=True),), findings=(LEAK,)),
            Code.MEMORY_LEAK,
            id="its memory will be full soon",
        ),
        pytest.param(
            evidence(
                running(started_at=NOON + seconds(1)), probes=(says(ok=True),), findings=(LEAK,)
            ),
            Code.RECOVERED,
            id="restarted since its memory was filling up",
        ),
        pytest.param(
            evidence(running(), probes=(says(ok=True),), findings=(finding(Kind.ANOMALY),)),
            Code.STRANGE,
            id="strange, and it works",
        ),
        pytest.param(
            evidence(running(), probes=(says(ok=True),), findings=(finding(Kind.BREAKER_OPEN),)),
            Code.CALLS_FAIL,
            id="its callers' breaker opened, and it looks well",
        ),
        pytest.param(
            evidence(running(), probes=(says(ok=False),), findings=(finding(Kind.BREAKER_OPEN),)),
            Code.HUNG,
            id="its callers' breaker opened, and our probes see why",
        ),
        pytest.param(
            evidence(
                running(started_at=NOON + seconds(1)),
                probes=(says(ok=True),),
                findings=(finding(Kind.BREAKER_OPEN),),
            ),
            Code.RECOVERED,
            id="restarted since its callers' breaker opened",
        ),
        pytest.param(
            evidence(
                running(started_at=NOON - seconds(10)),
                probes=(says(ok=True),),
                findings=(finding(Kind.BREAKER_OPEN),),
            ),
            Code.RECOVERED,
            id="its callers' breaker opened while it started",
        ),
        pytest.param(
            evidence(
                running(),
                probes=(says(ok=True),),
                findings=(finding(Kind.BREAKER_OPEN),),
                breaker=CLOSED,
            ),
            Code.RECOVERED,
            id="its callers' breaker has closed since",
        ),
        pytest.param(
            evidence(
                running(),
                probes=(says(ok=True),),
                findings=(finding(Kind.BREAKER_OPEN),),
                breaker=OPEN,
            ),
            Code.CALLS_FAIL,
            id="its callers' breaker refuses calls",
        ),
        pytest.param(evidence(running(), probes=(says(ok=True),)), Code.RECOVERED, id="well again"),
        pytest.param(
            evidence(
                running(),
                probes=(says(ok=True),),
                findings=(finding(Kind.REQUESTED),),
                act_asked_for=True,
            ),
            Code.REQUESTED,
            id="a person asked for an act",
        ),
        pytest.param(
            evidence(running(), probes=(says(ok=True),), findings=(finding(Kind.REQUESTED),)),
            Code.WELL,
            id="a person asked for a look, and nothing is wrong",
        ),
    ],
)
def test_the_most_likely_cause(seen: Evidence, cause: Code) -> None:
    assert diagnose(seen)[0].code is cause


def test_a_starting_container_is_given_time() -> None:
    young = evidence(running(started_at=NOON - seconds(5)), probes=(REFUSED,))
    old = evidence(running(started_at=NOON - seconds(31)), probes=(REFUSED,))

    assert Code.STARTING in {cause.code for cause in diagnose(young)}
    assert Code.STARTING not in {cause.code for cause in diagnose(old)}


@pytest.mark.parametrize("instance", [running(), exited(1), exited(0), None])
def test_there_is_always_a_cause_and_it_always_says_why(instance) -> None:
    for cause in diagnose(evidence(instance)):
        assert cause.evidence
        assert 0 <= cause.confidence <= 1
