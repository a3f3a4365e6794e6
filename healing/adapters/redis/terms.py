"""Between the rules of a breaker and the terms that the scripts judge a fleet by."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from healing.adapters.redis.standing import DURATIONS, Terms
from healing.breakers import LastSeconds, Rules

_SECONDS = LastSeconds().seconds
_LIMITS = ("fail_rate", "fail_count", "in_a_row")


def terms_of(rules: Rules) -> Terms:
    """Say the rules in terms. A window of calls is one process's own: a fleet judges seconds."""
    window = rules.window.seconds if isinstance(rules.window, LastSeconds) else _SECONDS
    return Terms(
        window=_milliseconds(window),
        min_calls=rules.min_calls,
        fail_rate=rules.fail_rate or 0.0,
        fail_count=rules.fail_count or 0,
        in_a_row=rules.in_a_row or 0,
        slow_rate=0.0 if rules.slow_after is None else rules.slow_rate,
        quorum=rules.quorum,
        open_for=_milliseconds(rules.open_for),
        open_growth=rules.open_growth,
        open_at_most=_milliseconds(rules.open_at_most),
        jitter=rules.jitter,
        trials=rules.trials,
        trials_at_once=rules.trials_at_once,
        trial_within=_milliseconds(rules.trial_within),
        successes_to_close=rules.successes_to_close,
    )


def amended(rules: Rules, changes: Mapping[str, float]) -> Rules:
    """Judge one process by what an operator changed for the fleet, too.

    Raises:
        ValueError: The rules cannot be.
    """
    given: dict[str, Any] = dict(changes)
    for name in DURATIONS & given.keys():
        given[name] /= 1000
    for name in _LIMITS:
        if name in given:
            given[name] = given[name] or None
    if "window" in given:
        given["window"] = LastSeconds(given["window"])
    if given.get("slow_rate") == 0:
        del given["slow_rate"]
        given["slow_after"] = None
    return replace(rules, **given)


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
