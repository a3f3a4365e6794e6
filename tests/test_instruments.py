"""What the ledger says is counted as it is written."""

import pytest

from healing.finding import Kind
from healing.incidents import Entry, Opened
from healing.instruments import REGISTRY, Counting, show_flags
from healing.names import AGENT, IncidentId
from tests.stories import API, API_1, NOON, finding, incident, seconds

TO_DETECT = "self_healing_time_to_detect_seconds"


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def open_with(**changes: object) -> None:
    opened = Opened(service=API, instance=API_1, finding=finding(**changes), by=AGENT)
    Counting(lambda: 1).post(Entry(NOON, IncidentId("1k3v9q2f"), opened), incident())


@pytest.mark.parametrize(
    ("changes", "took"),
    [
        pytest.param({"at": NOON - seconds(0.2)}, 0.2, id="told by the event"),
        pytest.param({"began": NOON - seconds(9)}, 9, id="began before what told it"),
        pytest.param({"at": NOON + seconds(1)}, 0, id="by a clock that is ahead"),
    ],
)
def test_it_is_measured_how_long_trouble_went_unseen(changes: dict, took: float) -> None:
    count, total = value(f"{TO_DETECT}_count"), value(f"{TO_DETECT}_sum")

    open_with(**changes)

    assert value(f"{TO_DETECT}_count") == count + 1
    assert value(f"{TO_DETECT}_sum") - total == pytest.approx(took)


def test_what_a_person_asked_for_was_not_detected() -> None:
    count = value(f"{TO_DETECT}_count")

    open_with(kind=Kind.REQUESTED)

    assert value(f"{TO_DETECT}_count") == count


def test_features_are_shown_as_they_are_configured() -> None:
    show_flags({"recommendations": False, "search": True})

    assert REGISTRY.get_sample_value("feature_flag_enabled", {"flag": "recommendations"}) == 0
    assert REGISTRY.get_sample_value("feature_flag_enabled", {"flag": "search"}) == 1
