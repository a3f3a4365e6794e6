"""Failures are learnt over all services together, and until then the prior speaks."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from healing.adapters.files import HistoryFiles, ModelFiles
from healing.failure import SIGNS, Sign, Signs, foresee
from healing.failure.hazard import PRIOR
from healing.finding import Kind
from healing.history import History
from healing.incidents import Closed, Ending, Entry, Incident, Opened, advance, opened
from healing.names import AGENT, IncidentId, ServiceName
from healing.policy.because import Because
from healing.watching.failures import NAME, FailureLearner, hazard_in
from healing.watching.remembered import AFTER, COLUMNS, STEP, Remembered
from tests.stories import API_1, NOON, finding

NAMES = [ServiceName(f"s{n}") for n in range(6)]
DAYS = 5
OVER = Closed(ending=Ending.HEALED, because=Because.STABLE, detail="well")
STRANGE = Signs(values={Sign.STRANGEST: 5.0, Sign.RESTARTS: 0.0})
CALM = Signs(values={Sign.STRANGEST: 0.5, Sign.RESTARTS: 0.0})


@dataclass
class Lived:
    """Some days of some services, which are strange for 40 minutes before each failure."""

    learner: FailureLearner
    incidents: list[Incident]


@pytest.fixture
def lived(tmp_path: Path) -> Callable[..., Lived]:
    def live(*, failing: int = len(NAMES), at: datetime = NOON) -> Lived:
        store = HistoryFiles(tmp_path / "signs")
        incidents = list[Incident]()
        begin = at - timedelta(days=DAYS)
        for number, name in enumerate(NAMES):
            values = np.full((DAYS * 288, len(COLUMNS)), np.nan, np.float32)
            values[:, COLUMNS.index(AFTER)] = 7.0
            values[:, COLUMNS.index(str(Sign.RESTARTS))] = 0.0
            strangest = values[:, COLUMNS.index(str(Sign.STRANGEST))]
            strangest[:] = np.random.default_rng(number).exponential(0.4, len(values))
            for day in range(DAYS) if number < failing else ():
                row = day * 288 + 100 + 17 * number
                strangest[row - 8 : row] = 5.0
                began = begin + timedelta(seconds=STEP * row + 5)
                incidents.append(failed(name, began))
            start = int(begin.timestamp()) // STEP * STEP
            store.save(name, History(start=start, step=STEP, signals=COLUMNS, values=values))
        learner = FailureLearner(
            remembered=Remembered(store),
            models=ModelFiles(tmp_path / "models", key=b"a key of the tests"),
            incidents=lambda since: [one for one in incidents if one.opened_at >= since],
            clock=lambda: at,
        )
        return Lived(learner, incidents)

    return live


def failed(name: ServiceName, at: datetime) -> Incident:
    first = Opened(
        service=name, instance=API_1, finding=finding(Kind.EXITED, service=name, at=at), by=AGENT
    )
    begun = opened(Entry(at, IncidentId(f"{name}-{at.timestamp():.0f}"), first))
    return advance(begun, OVER, at + timedelta(minutes=8))


def test_signs_that_came_before_failures_weigh_and_others_do_not(
    lived: Callable[..., Lived],
) -> None:
    learner = lived().learner

    said = learner.learn(NAMES, only_due=True)

    hazard = hazard_in(learner.models)
    assert "learnt from 30" in said
    assert hazard.failures == 30
    quarter = dict(zip(SIGNS, hazard.weights[0], strict=True))
    assert quarter[Sign.STRANGEST] > 3
    assert quarter[Sign.RESTARTS] == pytest.approx(0, abs=0.1)
    strange, calm = foresee(hazard, STRANGE), foresee(hazard, CALM)
    assert strange.within[0] > 3 * PRIOR[Sign.STRANGEST][0]
    assert calm.within[0] < 0.02
    assert strange.reasons[0].sign is Sign.STRANGEST


def test_what_was_learnt_says_what_it_is(lived: Callable[..., Lived]) -> None:
    learner = lived().learner
    learner.learn(NAMES, only_due=True)

    manifest = learner.models.load(NAME).manifest
    assert manifest.signals == SIGNS
    assert manifest.scores == {"failures": 30}
    assert manifest.data_from >= NOON - timedelta(days=DAYS, minutes=5)
    assert manifest.data_until <= NOON.astimezone(UTC)


def test_after_few_failures_the_prior_speaks(lived: Callable[..., Lived]) -> None:
    one = lived()
    del one.incidents[2:]

    said = one.learner.learn(NAMES, only_due=True)

    assert said == "failures: 2 in 28 days are too few to learn from"
    assert hazard_in(one.learner.models).failures == 0


def test_failures_before_which_nothing_was_seen_teach_nothing(lived: Callable[..., Lived]) -> None:
    one = lived()
    strangers = [ServiceName(f"never-seen-{n}") for n in range(9)]
    one.incidents[:] = [failed(name, NOON - timedelta(days=1)) for name in strangers]

    said = one.learner.learn(strangers, only_due=True)

    assert said == "failures: before too few of 9 were signs remembered to learn from"
    assert hazard_in(one.learner.models).failures == 0


def test_it_is_learnt_again_when_a_day_has_passed_or_when_asked(
    lived: Callable[..., Lived],
) -> None:
    one = lived().learner
    one.learn(NAMES, only_due=True)

    assert "younger than a day" in one.learn(NAMES, only_due=True)
    assert "learnt from 30" in one.learn(NAMES, only_due=False)
    assert "learnt from" in lived(at=NOON + timedelta(days=1)).learner.learn(NAMES, only_due=True)


def test_a_model_that_cannot_be_used_means_the_prior(lived: Callable[..., Lived]) -> None:
    one = lived().learner
    one.learn(NAMES, only_due=True)
    for damaged in (one.models._directory / NAME).rglob("*.npz"):  # noqa: SLF001 - no port harms
        damaged.write_bytes(b"nonsense")

    assert hazard_in(one.models).failures == 0
