"""Name the likely causes: one rule per cause, each with what speaks for it."""

from collections.abc import Callable
from datetime import timedelta

from healing.diagnosis.chronicle import (
    Happenings,
    deaths,
    was_asked_to_stop,
    was_killed,
    was_taken_along,
)
from healing.diagnosis.evidence import Dependency, Evidence
from healing.finding import Kind
from healing.incidents import Cause, Code
from healing.instances import Health, Instance, Status
from healing.services import Expect, Service

LOOP_DEATHS = 3
LOOP_WINDOW = timedelta(seconds=60)
LONG_AGO = timedelta(hours=1)
"""What has been down longer than this before we came was left so by somebody."""
ENDS_OF_A_STOP = frozenset({0, 137, 143})
"""Exit codes that a container stopped by hand may show."""
COMMAND_NOT_FOUND = frozenset({126, 127})
"""Exit codes of a health check whose program is missing or may not run."""


def diagnose(evidence: Evidence) -> tuple[Cause, ...]:
    """Name the likely causes, most likely first. Never empty."""
    causes = [cause for rule in RULES if (cause := rule(evidence)) is not None]
    causes.sort(key=lambda cause: -cause.confidence)
    return tuple(causes) or (_nothing(evidence),)


def is_done(service: Service, instance: Instance, happenings: Happenings) -> bool:
    """Tell whether it is a job that ended well."""
    it = instance
    server = bool(service.probes) or it.health is not Health.NONE
    expect = service.expect or (Expect.RUNNING if server else Expect.COMPLETED)
    ended_well = it.is_down and it.started_at is not None and it.exit_code == 0
    by_itself = not was_asked_to_stop(happenings) and not was_taken_along(happenings)
    return expect is Expect.COMPLETED and ended_well and by_itself


def _was_stopped(e: Evidence) -> bool:
    return was_asked_to_stop(e.happenings) and not e.half_restarted


def _gone(e: Evidence) -> Cause | None:
    if e.instance is not None and e.instance.status is not Status.REMOVING:
        return None
    return Cause(code=Code.GONE, confidence=1.0, evidence=("the container is not there any more",))


def _paused(e: Evidence) -> Cause | None:
    if e.instance is None or e.instance.status is not Status.PAUSED:
        return None
    return Cause(code=Code.PAUSED, confidence=1.0, evidence=("somebody paused the container",))


def _engine_restarting(e: Evidence) -> Cause | None:
    it = e.instance
    if it is None or it.status is not Status.RESTARTING:
        return None
    why = (
        f"restart policy {it.restart_policy}: Docker is bringing it back, {it.restart_count} so far"
    )
    return Cause(code=Code.ENGINE_RESTARTING, confidence=0.9, evidence=(why,))


def _crash_loop(e: Evidence) -> Cause | None:
    count = deaths(e.happenings, since=e.at - LOOP_WINDOW)
    if e.instance is None or count < LOOP_DEATHS or _was_stopped(e):
        return None
    code = f"last exit code {e.instance.exit_code}"
    why = f"it ended {count} times within {LOOP_WINDOW.seconds} s"
    return Cause(code=Code.CRASH_LOOP, confidence=0.95, evidence=(why, code))


def _human_stopped(e: Evidence) -> Cause | None:
    if e.instance is None or not e.instance.is_down or not _was_stopped(e):
        return None
    why = "it was asked to stop before it ended, and not by us"
    return Cause(code=Code.HUMAN_STOPPED, confidence=0.98, evidence=(why,))


def _start_failed(e: Evidence) -> Cause | None:
    if e.instance is None or not e.instance.is_down or not e.instance.error:
        return None
    return Cause(code=Code.START_FAILED, confidence=0.97, evidence=(e.instance.error,))


def _completed(e: Evidence) -> Cause | None:
    if e.instance is None or not is_done(e.service, e.instance, e.happenings):
        return None
    return Cause(code=Code.COMPLETED, confidence=0.97, evidence=("a job that ended well",))


def _never_started(e: Evidence) -> Cause | None:
    it = e.instance
    if it is None or not it.is_down or it.started_at is not None:
        return None
    why = "it was created and never started"
    return Cause(code=Code.HUMAN_STOPPED, confidence=0.8, evidence=(why,))


def _ended(e: Evidence) -> Cause | None:
    """It ended by itself or was killed, as its exit code and its signals tell."""
    it = e.instance
    if it is None or not it.is_down or _was_stopped(e) or it.started_at is None:
        return None
    ended = f"exit code {it.exit_code}"
    if e.half_restarted:
        why = ("our restart stopped it, and did not start it again", ended)
        return Cause(code=Code.EXITED, confidence=0.94, evidence=why)
    if was_taken_along(e.happenings):
        why = ("its engine was stopped, and took it along", ended)
        return Cause(code=Code.EXITED, confidence=0.94, evidence=why)
    if it.out_of_memory:
        why = ("the kernel killed it for using too much memory", ended)
        return Cause(code=Code.OUT_OF_MEMORY, confidence=0.95, evidence=why)
    if was_killed(e.happenings):
        why = ("somebody sent it the KILL signal without asking it to stop first", ended)
        return Cause(code=Code.KILLED, confidence=0.93, evidence=why)
    long_ago = it.finished_at is not None and e.at - it.finished_at > LONG_AGO
    if not e.happenings and (long_ago or it.exit_code in ENDS_OF_A_STOP):
        why = f"{ended}, and nobody saw how: it may have been stopped on purpose"
        return Cause(code=Code.STOP_UNEXPLAINED, confidence=0.9, evidence=(why,))
    return Cause(code=Code.EXITED, confidence=0.9, evidence=(f"its main process ended, {ended}",))


def _starting(e: Evidence) -> Cause | None:
    it = e.instance
    if it is None or not it.is_running or it.started_at is None or e.answers is not False:
        return None
    age = e.at - it.started_at
    if it.health is not Health.STARTING and age >= e.service.limits.settle:
        return None
    why = f"it started {age.total_seconds():.0f} s ago; it has {e.service.limits.settle} to settle"
    return Cause(code=Code.STARTING, confidence=0.97, evidence=(why,))


def _upstream(e: Evidence) -> Cause | None:
    down = [d for d in e.dependencies if d.ok is False or _is_hardly_back(d, e)]
    if not down or (e.answers is True and _healthcheck_is_content(e)):
        return None
    why = tuple(f"{d.name}, which it needs: {d.detail}" for d in down)
    return Cause(code=Code.UPSTREAM_DOWN, confidence=0.96, evidence=why)


def _is_hardly_back(dependency: Dependency, e: Evidence) -> bool:
    """What runs needs a moment to find what it needs again; what is down can be started now."""
    if e.instance is None or not e.instance.is_running or dependency.up_since is None:
        return False
    return e.at - dependency.up_since < e.service.limits.settle


def _unresponsive(e: Evidence) -> Cause | None:
    if e.instance is None or not e.instance.is_running or e.answers is not False:
        return None
    bad = tuple(p.detail for p in e.probes if not p.ok)
    refused = all("refused" in detail for detail in bad)
    code = Code.NOT_LISTENING if refused else Code.HUNG
    word = "nothing listens" if refused else "it runs and does not answer well"
    return Cause(code=code, confidence=0.85, evidence=(word, *bad))


def _unhealthy(e: Evidence) -> Cause | None:
    it = e.instance
    if it is None or not it.is_running or it.health is not Health.UNHEALTHY:
        return None
    recent = it.health_log[-3:]
    if e.answers is True and recent and all(c.exit_code in COMMAND_NOT_FOUND for c in recent):
        why = (
            "its HEALTHCHECK program is missing or may not run",
            "our own probes get good answers",
        )
        return Cause(code=Code.BROKEN_HEALTHCHECK, confidence=0.95, evidence=why)
    said = tuple(f"HEALTHCHECK exit {c.exit_code}: {c.output[:120].strip()}" for c in recent)
    return Cause(code=Code.FAILING_HEALTHCHECK, confidence=0.84, evidence=said or ("unhealthy",))


def _filling_up(e: Evidence) -> Cause | None:
    it = e.instance
    found = [f for f in e.findings if f.kind is Kind.EXHAUSTION]
    if not found or it is None or not it.is_running:
        return None
    newest = max(found, key=lambda f: f.at)
    if it.started_at is not None and it.started_at > newest.at:
        return None
    leak = newest.signal == "memory"
    code = Code.MEMORY_LEAK if leak else Code.EXHAUSTION
    return Cause(code=code, confidence=0.7 + 0.2 * newest.score, evidence=(newest.detail,))


def _strange(e: Evidence) -> Cause | None:
    found = [f for f in e.findings if f.kind is Kind.ANOMALY]
    if not found or e.answers is False:
        return None
    return Cause(code=Code.STRANGE, confidence=0.5, evidence=(found[-1].detail,))


def _calls_fail(e: Evidence) -> Cause | None:
    it = e.instance
    found = [f for f in e.findings if f.kind is Kind.BREAKER_OPEN]
    if not found or it is None or not it.is_running:
        return None
    if e.breaker is not None and not e.breaker.refuses:
        return None
    newest = max(found, key=lambda f: f.at)
    if it.started_at is not None and newest.at - it.started_at < e.service.limits.settle:
        return None
    return Cause(code=Code.CALLS_FAIL, confidence=0.6, evidence=(newest.detail,))


def _requested(e: Evidence) -> Cause | None:
    asked = [f for f in e.findings if f.kind is Kind.REQUESTED]
    if not asked or not e.act_asked_for or e.instance is None:
        return None
    return Cause(code=Code.REQUESTED, confidence=0.6, evidence=(asked[-1].detail,))


def _healthcheck_is_content(e: Evidence) -> bool:
    return e.instance is not None and e.instance.health in {Health.NONE, Health.HEALTHY}


def _nothing(e: Evidence) -> Cause:
    why = ["the container runs"]
    if e.answers:
        why += [p.detail for p in e.probes]
    if e.instance is not None and e.instance.health is Health.HEALTHY:
        why.append("its HEALTHCHECK says healthy")
    only_asked = all(f.kind is Kind.REQUESTED for f in e.findings)
    code = Code.WELL if only_asked else Code.RECOVERED
    return Cause(code=code, confidence=0.9, evidence=tuple(why))


RULES: tuple[Callable[[Evidence], Cause | None], ...] = (
    _gone,
    _paused,
    _engine_restarting,
    _crash_loop,
    _human_stopped,
    _start_failed,
    _completed,
    _never_started,
    _ended,
    _starting,
    _upstream,
    _unresponsive,
    _unhealthy,
    _filling_up,
    _strange,
    _calls_fail,
    _requested,
)
"""Every cause we can name, each with its rule."""
