"""How a breaker is declared, and what is refused before any call is made."""

from datetime import timedelta

import pytest

from healing.breakers import LastCalls, LastSeconds, breaker


def test_one_name_is_one_breaker_and_its_rules_are_given_once(name):
    first = breaker(name, window=50)
    assert breaker(name).breaker is first.breaker
    assert first.breaker.rules.window == LastCalls(50)
    with pytest.raises(ValueError, match="other rules"):
        breaker(name, window=60)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param({"window": 30.0}, "a time such as '30s' or a number of calls", id="window"),
        pytest.param({"fallback": "queued"}, "answers it, always", id="fallback"),
        pytest.param({"failures": "OSError"}, "classes of errors", id="failures"),
        pytest.param({"ignore": [OSError, "x"]}, "classes of errors", id="ignore"),
        pytest.param({"scope": "Fleet"}, "process or fleet", id="scope"),
    ],
)
def test_what_would_fail_in_the_middle_of_a_call_is_refused_at_once(name, given, says):
    with pytest.raises((TypeError, ValueError), match=says):
        breaker(name, **given)


@pytest.mark.parametrize("wrong", [print, None, "", "  ", "\ud800"], ids=ascii)
def test_a_breaker_has_a_name_that_can_be_said(wrong):
    with pytest.raises((TypeError, ValueError), match="name"):
        breaker(wrong)


def test_a_coroutine_answers_for_no_function(name):
    async def queued() -> str:
        return "queued"

    with pytest.raises(TypeError, match="queued must not be a coroutine"):
        breaker(name, fallback=queued)(len)


def test_errors_may_be_given_as_a_set_and_a_window_as_a_timedelta(name):
    guard = breaker(name, failures={OSError}, window=timedelta(days=1), fallback=None)
    assert guard.breaker.rules.window == LastSeconds(86_400)
    with pytest.raises(OSError, match="gone"), guard:
        raise OSError("gone")
    assert guard.breaker.stats().counts.failed == 1


def test_who_asks_for_a_fleet_is_told_when_the_name_is_of_this_process_only(name):
    breaker(name)
    with pytest.raises(ValueError, match="of this process only"):
        breaker(name, scope="fleet")
