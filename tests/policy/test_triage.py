import pytest

from healing.finding import Finding, Kind
from healing.names import IncidentId
from healing.policy import Attach, Because, Ignore, Open, Surroundings, Triage, triage
from tests.stories import finding, service

OPEN = IncidentId("1k3v9q2f")
CALM = Surroundings(service=service())


@pytest.mark.parametrize(
    ("seen", "around", "verdict"),
    [
        pytest.param(finding(), CALM, Open(), id="new trouble"),
        pytest.param(
            finding(), Surroundings(service=None), Ignore(Because.NOT_ENABLED), id="not ours"
        ),
        pytest.param(
            finding(),
            Surroundings(service=service(), open_incident=OPEN, in_hand=True),
            Ignore(Because.OUR_OWN_ACT),
            id="our own restart",
        ),
        pytest.param(
            finding(),
            Surroundings(service=service(), open_incident=OPEN),
            Attach(OPEN),
            id="another sign of it",
        ),
        pytest.param(
            finding(),
            Surroundings(service=service(), open_incident=OPEN, already_says=True),
            Ignore(Because.ALREADY_OPEN),
            id="the same sign again",
        ),
        pytest.param(
            finding(Kind.ANOMALY), CALM, Ignore(Because.WITHOUT_IMPACT), id="strange, and it works"
        ),
        pytest.param(
            finding(Kind.FAILING), CALM, Ignore(Because.WITHOUT_IMPACT), id="it may fail, and works"
        ),
        pytest.param(
            finding(),
            Surroundings(service=service(), left_alone=Because.CANCELLED),
            Ignore(Because.CANCELLED),
            id="a person cancelled its recovery just now",
        ),
        pytest.param(
            finding(Kind.REQUESTED),
            Surroundings(service=service(), left_alone=Because.NOT_HEALED),
            Open(),
            id="a person asks after we gave up",
        ),
    ],
)
def test_what_a_finding_deserves(seen: Finding, around: Surroundings, verdict: Triage) -> None:
    assert triage(seen, around) == verdict
