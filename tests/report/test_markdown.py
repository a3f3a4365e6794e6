from dataclasses import replace

from healing.incidents import Begun, Cause, Closed, Code, Diagnosed, Ending, Exhibit, Looked
from healing.names import AGENT
from healing.policy import Because
from healing.report import headline, report, tell
from tests.adapters.test_ledger import EVERY_EVENT
from tests.incidents.test_lifecycle import ACT, DONE, GO, HEALED, HELD, INTENDED, STABLE, WAIT
from tests.stories import incident

KILLED = Diagnosed((Cause(code=Code.KILLED, confidence=0.93, evidence=("KILL signal",)),))
STORY = incident(Begun(AGENT), KILLED, ACT, GO, INTENDED, DONE, STABLE, HEALED)


def test_the_headline_says_what_was_done_and_why() -> None:
    assert headline(STORY) == "shop-api-1 healed by start 8.0 s after the first sign: KILL signal"


def test_the_headline_of_a_held_incident_says_by_what_and_until_when() -> None:
    held = replace(HELD, detail="3 acts within an hour")
    said = headline(incident(Begun(AGENT), KILLED, ACT, held))
    assert said == "shop-api-1 held back: 3 acts within an hour (until 12:00:00 UTC)"


def test_the_headline_of_a_waiting_incident_says_for_what() -> None:
    said = headline(incident(Begun(AGENT), WAIT))
    assert said == "shop-api-1 left alone (upstream down): cache is down"


def test_the_headline_of_an_escalation_calls_a_person() -> None:
    gave_up = Closed(ending=Ending.ESCALATED, because=Because.NOT_HEALED, detail="two attempts")
    assert headline(incident(gave_up)) == "shop-api-1 needs a person: two attempts"


def test_the_report_tells_the_whole_story_in_order() -> None:
    text = report(STORY, link="http://agent/incidents/1", chart="data:image/svg+xml;base64,AA==")
    parts = [
        "# shop-api-1 healed",
        "Signals",
        "Likely causes",
        "## Decision",
        "## Act 1: start",
        "Timeline",
    ]

    assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)
    assert "Gates passed: level, budget." in text
    assert "![the signal, before and after](data:image/svg+xml;base64,AA==)" in text


def test_what_a_container_wrote_cannot_break_the_page() -> None:
    hostile = "| <img src=x onerror=alert(1)> ```\n# fake"
    text = report(incident(Looked((Exhibit("state", hostile),), hostile)))

    assert "<img" not in text.split("```text")[0]
    assert "\\| &lt;img" in text
    assert text.count("```") == 2


def test_every_event_can_be_told_in_one_line() -> None:
    for event in EVERY_EVENT:
        assert tell(event)
        assert "\n" not in tell(event)
