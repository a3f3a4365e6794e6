from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from healing.incidents import Verdict
from healing.instances import Health
from healing.services import Limits
from healing.verification import Look, expect, judge
from tests.stories import NOON, exited, running, seconds, service

RESTARTED = NOON + seconds(2)
WELL = running(started_at=RESTARTED)
LIMITS = Limits(stable_for=timedelta(seconds=5), verify_within=timedelta(seconds=60))
EXPECTED = expect(service(limits=LIMITS), WELL)


def look(at: float, instance=WELL, *, answers: bool | None = True) -> Look:
    return Look(at=NOON + seconds(at), instance=instance, answers=answers, detail="said")


def verdict(looks: Sequence[Look], at: float) -> Verdict | None:
    verified = judge(EXPECTED, looks, acted_at=NOON, now=NOON + seconds(at))
    return verified.verdict if verified else None


def test_it_is_stable_after_an_unbroken_row_of_good_looks() -> None:
    assert verdict([look(n) for n in range(3, 9)], 8) is Verdict.STABLE
    assert verdict([look(n) for n in range(3, 8)], 7) is None


def test_while_its_callers_are_refused_it_is_not_over_until_the_time_is_up() -> None:
    looks = [look(n) for n in range(3, 80)]
    assert judge(EXPECTED, looks, acted_at=NOON, now=NOON + seconds(30), refused=True) is None
    late = judge(EXPECTED, looks, acted_at=NOON, now=NOON + seconds(80), refused=True)
    assert late is not None
    assert late.verdict is Verdict.STABLE
    assert late.detail.endswith("its callers' breaker still refuses calls")


def test_a_trial_of_its_breaker_stands_in_the_verdict() -> None:
    tried = [replace(look(n), trial=f"trial {n}") for n in range(3, 9)]
    verified = judge(EXPECTED, tried, acted_at=NOON, now=NOON + seconds(8))
    assert verified is not None
    assert verified.detail.endswith("; trial 8")


def test_a_bad_answer_in_between_begins_the_row_anew() -> None:
    looks = [look(3), look(4), look(5, answers=False), look(6), look(7), look(8), look(9)]
    assert verdict(looks, 9) is None


def test_another_restart_in_between_begins_the_row_anew() -> None:
    again = running(started_at=NOON + seconds(6))
    looks = [look(3), look(4), look(5), look(7, again), look(8, again), look(9, again)]
    assert verdict(looks, 9) is None


def test_ending_again_is_seen_at_once() -> None:
    ended = exited(1, finished_at=NOON + seconds(5))
    assert verdict([look(3), look(4), look(5, ended, answers=None)], 5) is Verdict.UNCHANGED


def test_bad_answers_until_the_time_is_up_mean_it_did_not_help() -> None:
    looks = [look(n, answers=False) for n in range(3, 60)]
    assert verdict(looks, 60) is None
    assert verdict(looks, 71) is Verdict.UNCHANGED


def test_a_container_that_is_gone_cannot_be_verified() -> None:
    assert verdict([look(3, None, answers=None)], 3) is Verdict.UNVERIFIABLE


@pytest.mark.parametrize("health", [Health.STARTING, Health.UNHEALTHY])
def test_a_healthcheck_that_is_not_content_is_not_good(health: Health) -> None:
    assert not look(3, running(health=health)).is_good


def test_the_expectation_says_itself_in_words() -> None:
    said = str(EXPECTED)
    assert said.startswith("it runs, every probe gets a good answer, for 5 s")
