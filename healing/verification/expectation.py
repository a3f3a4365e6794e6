"""What must be seen after an act to call the container healed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from healing.incidents import Verdict, Verified
from healing.instances import Health, Instance
from healing.services import Service

GOOD_LOOKS = 3
"""Good looks in a row, however short the stable window is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """Stated before acting, checked after it.

    Attributes:
        stable_for: How long it must run and answer well without a break.
        within: How long we wait for that, from the act on.
    """

    stable_for: timedelta
    within: timedelta
    probes: int
    health_check: bool

    def __str__(self) -> str:
        """Say it in words."""
        claims = ["it runs"]
        if self.probes:
            claims.append("every probe gets a good answer")
        if self.health_check:
            claims.append("its HEALTHCHECK says healthy")
        seconds = self.stable_for.total_seconds()
        limit = self.within.total_seconds()
        return f"{', '.join(claims)}, for {seconds:g} s without a break, within {limit:g} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at the container after the act."""

    at: datetime
    instance: Instance | None
    """None when it is gone."""
    answers: bool | None
    """Whether every probe got a good answer; None when there is none to ask."""
    detail: str = ""
    trial: str = ""
    """What came of it when it was a trial of the service's breaker as well; else empty."""

    @property
    def is_good(self) -> bool:
        """Whether nothing speaks against it."""
        it = self.instance
        if it is None or not it.is_running or self.answers is False:
            return False
        return it.health in {Health.NONE, Health.HEALTHY}

    @property
    def is_an_answer(self) -> bool:
        """Whether anything was asked: that it runs does not say that it works."""
        it = self.instance
        return self.answers is not None or (it is not None and it.health is not Health.NONE)


def expect(service: Service, instance: Instance | None) -> Expectation:
    """State what must be seen after an act; an instance that is gone expects nothing of its own."""
    return Expectation(
        stable_for=service.limits.stable_for,
        within=service.limits.verify_within + (instance.stop_grace if instance else timedelta()),
        probes=len(service.probes),
        health_check=instance is not None and instance.health is not Health.NONE,
    )


def judge(
    expectation: Expectation,
    looks: Sequence[Look],
    *,
    acted_at: datetime,
    now: datetime,
    refused: bool = False,
) -> Verified | None:
    """Judge the looks so far (at least one), oldest first. None means: look again.

    Args:
        expectation: What must be seen.
        looks: What was seen.
        acted_at: When we acted.
        now: The present time.
        refused: Whether its callers are still refused by a breaker of theirs: while there is time,
            it is not over until they are let through.
    """
    last = looks[-1]
    in_time = now - acted_at < expectation.within
    if last.instance is None:
        return _say(Verdict.UNVERIFIABLE, "the container is gone")

    good = _good_tail(looks)
    if len(good) >= GOOD_LOOKS and good[-1].at - good[0].at >= expectation.stable_for:
        if refused and in_time:
            return None
        seconds = (good[0].at - acted_at).total_seconds()
        tried = "".join(f"; {trial}" for trial in _trials(looks)[-1:])
        tried += "; its callers' breaker still refuses calls" if refused else ""
        said = f"well after {seconds:.1f} s, and stayed so: {expectation}{tried}"
        return _say(Verdict.STABLE, said)

    if last.instance.is_down and _ran_since(looks, acted_at):
        code = last.instance.exit_code
        return _say(Verdict.UNCHANGED, f"it ended again with exit code {code}")
    if not in_time:
        seconds = expectation.within.total_seconds()
        return _say(Verdict.UNCHANGED, f"not stable within {seconds:g} s; last: {last.detail}")
    return None


def _trials(looks: Sequence[Look]) -> list[str]:
    return [look.trial for look in looks if look.trial]


def _good_tail(looks: Sequence[Look]) -> list[Look]:
    """The unbroken run of good looks at the end, all at the same run of the container."""
    tail: list[Look] = []
    for look in reversed(looks):
        if not look.is_good or (tail and not _same_run(look, tail[-1])):
            break
        tail.append(look)
    return tail[::-1]


def _same_run(one: Look, other: Look) -> bool:
    if one.instance is None or other.instance is None:
        return False
    return one.instance.started_at == other.instance.started_at


def _ran_since(looks: Sequence[Look], acted_at: datetime) -> bool:
    last = looks[-1].instance
    ran = any(look.instance is not None and look.instance.is_running for look in looks)
    ended = last is not None and last.finished_at is not None and last.finished_at >= acted_at
    return ran or ended


def _say(verdict: Verdict, detail: str) -> Verified:
    return Verified(verdict=verdict, detail=detail)
