"""One screen that a tired person understands."""

from datetime import timedelta
from typing import Any

from healing.cli.status import is_well, screen
from tests.stories import NOON


def status(**changes: Any) -> dict[str, Any]:
    well = {
        "agent": "healing 1",
        "acting": True,
        "why_not_acting": "",
        "dependencies": [{"name": "containers", "ok": True, "detail": "Docker"}],
        "services": [
            {
                "name": "api",
                "level": "auto",
                "depends_on": ["cache"],
                "incident": None,
                "containers": [
                    {
                        "name": "shop-api-1",
                        "status": "running",
                        "health": "none",
                        "answers": ["HTTP 200, 3 ms"],
                        "well": True,
                    }
                ],
            }
        ],
        "circuit_breakers": None,
        "open_incidents": [],
        "lately": [],
        "noticed": [],
    }
    return {**well, **changes}


INCIDENT = {
    "id": "1k3v9q2f",
    "headline": "shop-api-1 held back: budget",
    "opened_at": (NOON - timedelta(minutes=3)).isoformat(),
    "run_url": "http://prefect/1",
}


def draw(**changes: Any) -> str:
    return screen(status(**changes), now=NOON, colour=False)


def test_the_first_line_is_the_verdict() -> None:
    assert draw().splitlines()[0] == "All is well."
    assert draw(open_incidents=[INCIDENT]).splitlines()[0] == "1 open incident"
    off = draw(acting=False, why_not_acting="switched off by ada: migration")
    assert off.splitlines()[0] == "NOT ACTING: switched off by ada: migration"


def test_each_container_has_a_line_with_what_it_last_said() -> None:
    assert "  ✓ shop-api-1  running    HTTP 200, 3 ms" in draw().splitlines()


def test_an_incident_says_how_long_ago_and_where_to_read_on() -> None:
    lines = draw(open_incidents=[INCIDENT]).splitlines()
    assert "     3 min  #1k3v9q2f  shop-api-1 held back: budget" in lines
    assert "      http://prefect/1" in lines


def test_without_services_it_says_how_to_name_one() -> None:
    assert "healing.enable=true" in draw(services=[])


OPEN = {"name": "payments", "state": "open", "why": "fail rate: 21 of 21 calls failed"}


def breakers(*not_closed: dict[str, str], **by_state: int) -> dict[str, Any]:
    return {"by_state": by_state, "not_closed": list(not_closed), "stale": False}


def test_breakers_are_counted_and_those_that_refuse_are_named() -> None:
    lines = draw(circuit_breakers=breakers(OPEN, closed=4, open=1)).splitlines()
    assert lines[0] == "Something is not well; see below."
    assert "Circuit breakers  4 closed, 1 open" in lines
    assert "  ✗ payments open  fail rate: 21 of 21 calls failed" in lines


def test_a_breaker_that_only_observes_is_named_and_is_no_trouble() -> None:
    watching = {"name": "search", "state": "observing", "why": "observe by ops: a look"}
    lines = draw(circuit_breakers=breakers(watching, observing=1)).splitlines()
    assert lines[0] == "All is well."
    assert "  · search observing  observe by ops: a look" in lines


def test_colour_is_only_for_screens() -> None:
    assert "\x1b[" not in draw()
    assert "\x1b[" in screen(status(), now=NOON, colour=True)


def test_the_exit_code_follows_the_eye() -> None:
    assert is_well(status())
    assert not is_well(status(open_incidents=[INCIDENT]))
    assert not is_well(status(acting=False))
    assert not is_well(status(dependencies=[{"name": "prefect", "ok": False, "detail": ""}]))


def test_what_is_noticed_and_nobody_acts_upon_has_its_line() -> None:
    odd = {
        "service": "api",
        "kind": "anomaly",
        "detail": "latency is 2 s, usually 80 ms",
        "first_at": (NOON - timedelta(minutes=3)).isoformat(),
    }
    assert "     3 min  api: anomaly, latency is 2 s, usually 80 ms" in draw(noticed=[odd])
    assert "Noticed" not in draw()
