"""`heal breakers` as a person sees it."""

from datetime import timedelta
from typing import Any

import pytest

from healing.cli import main
from healing.cli.breakers import one, table
from tests.stories import NOON


def breaker(**changes: Any) -> dict[str, Any]:
    closed = {
        "name": "payments",
        "state": "closed",
        "verdict": "closed",
        "why": "never opened; 0 of 40 calls failed",
        "until": None,
        "override": None,
        "calls": 40,
        "failed": 0,
        "slow": 0,
        "processes": 4,
        "processes_failing": 0,
        "opened": 0,
        "epoch": 3,
        "seen_at": NOON.isoformat(),
        "stale": False,
        "history": [],
        "changes": [],
        "changed_rules": {},
    }
    return {**closed, **changes}


OPEN = breaker(
    name="db",
    state="open",
    why="fail rate: 21 of 21 calls failed",
    until=(NOON + timedelta(seconds=12)).isoformat(),
)
CHANGED = {
    "at": NOON.isoformat(),
    "before": "closed",
    "after": "open",
    "because": "fail_rate",
    "calls": 40,
    "failed": 21,
    "slow": 0,
}
PULLED = {
    "at": NOON.isoformat(),
    "action": "force_open",
    "by": "ada",
    "reason": "incident 42",
    "lasts_seconds": 900.0,
    "before": "disabled",
}


def test_those_that_refuse_calls_come_first_and_say_until_when() -> None:
    assert table([breaker(), OPEN], now=NOON).splitlines() == [
        "db        open         fail rate: 21 of 21 calls failed; trials in 12 s",
        "payments  closed       never opened; 0 of 40 calls failed",
    ]


def test_an_open_one_whose_time_is_over_waits_for_a_trial() -> None:
    assert "a trial is due" in table([OPEN], now=NOON + timedelta(minutes=1))


def test_without_any_it_says_how_to_have_one() -> None:
    assert 'scope="fleet"' in table([], now=NOON)


def test_what_was_seen_last_is_said_to_be_that() -> None:
    lines = table([breaker(stale=True)], now=NOON + timedelta(seconds=40)).splitlines()
    assert lines[-1] == "The shared state does not answer: this is what was seen last 40 s ago."


def test_one_has_its_history() -> None:
    text = one(breaker(history=[PULLED], changes=[CHANGED]), now=NOON)
    assert "closed to open, fail rate: 21 of 40 calls failed, 0 slow" in text
    assert "  40 calls, 0 failed, 0 slow, seen by 4 processes (0 see failures)" in text
    when = "  2026-01-01 12:00:00  "
    assert f"{when}force_open for 900 s by ada: incident 42 (was forced closed)" in text


def test_rules_that_were_changed_by_hand_are_said() -> None:
    changed = breaker(changed_rules={"fail_rate": 0.3, "open_for": 10.0})
    assert "rules changed by hand: fail_rate 0.3, open_for 10" in one(changed, now=NOON)


def test_an_override_says_what_it_would_be_without() -> None:
    forced = breaker(state="forced_open", verdict="half_open", override={"mode": "force_open"})
    assert "without the override it would be half open" in one(forced, now=NOON)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        pytest.param(["db", "force_open"], "say why", id="no reason"),
        pytest.param(["db", "reset", "mended", "--for", "1m"], "at once", id="a reset that lasts"),
        pytest.param(["db", "--set", "trials=2"], "go with a lever", id="no lever"),
        pytest.param(["db", "rules", "x", "--for", "1m"], "at once", id="rules that last"),
        pytest.param(["db", "observe", "x", "--set", "trials=2"], "no rules", id="no such rules"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anybody_is_asked(
    args: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["breakers", *args]) == 2
    assert says in capsys.readouterr().err
