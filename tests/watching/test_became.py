"""What became of looks is read from incidents, without looking into the future."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pytest

from healing.finding import Kind
from healing.incidents import (
    Attached,
    Closed,
    Ending,
    Entry,
    Event,
    Incident,
    Intended,
    Opened,
    Remedy,
    advance,
    opened,
)
from healing.names import AGENT, IncidentId
from healing.policy.because import Because
from healing.remedies.fence import fence
from healing.watching.became import failures_in, what_became
from tests.stories import API, API_1, NOON, finding, running, seconds

LOOKS = NOON.timestamp() + 300.0 * np.arange(-6, 7)
"""From half an hour before noon to half an hour after it."""
OVER = Closed(ending=Ending.HEALED, because=Because.STABLE, detail="well")
ACT = Intended(remedy=Remedy.RESTART, fence=fence(running()), expectation="well")


def story(
    *then: tuple[float, Event], kind: Kind = Kind.EXITED, at: datetime = NOON, dry: bool = False
) -> Incident:
    """Tell an incident that began `at`; each event so many minutes later."""
    first = Opened(service=API, instance=API_1, finding=finding(kind, at=at), by=AGENT, dry_run=dry)
    one = opened(Entry(at, IncidentId(f"{at.timestamp():.0f}"), first))
    for minutes, event in then:
        one = advance(one, event, at + seconds(60 * minutes))
    return one


def minutes_ahead(incidents: Sequence[Incident]) -> tuple[list[float], list[float]]:
    """Say of the first look how many minutes later it fails, and until when that is known."""
    _, became = what_became(LOOKS, incidents, first_episode=0)
    return (became.fails_after[0] / 60, became.watched_for[0] / 60)


def test_looks_at_what_has_failed_already_are_not_learnt_from() -> None:
    well, became = what_became(LOOKS, [story((7, OVER))], first_episode=0)

    assert well.tolist() == [True] * 6 + [False, False] + [True] * 5
    assert became.fails_after[0] == 1800
    assert np.isinf(became.fails_after[7:]).all()


def test_a_failure_that_goes_on_has_no_end() -> None:
    well, _ = what_became(LOOKS, [story()], first_episode=0)
    assert not well[6:].any()


@pytest.mark.parametrize(
    ("told", "fails_after", "watched_for"),
    [
        pytest.param([], np.inf, 60, id="nothing happened"),
        pytest.param([story((7, OVER))], 30, 60, id="it failed"),
        pytest.param([story((1, ACT), (7, OVER))], 30, 31, id="it failed and then was healed"),
        pytest.param(
            [story((0, ACT), (7, OVER), kind=Kind.EXHAUSTION)], np.inf, 30, id="healed in time"
        ),
        pytest.param(
            [story((0, ACT), (7, OVER), kind=Kind.REQUESTED)], np.inf, 30, id="a person acted"
        ),
        pytest.param(
            [story((7, OVER), kind=Kind.ANOMALY)], np.inf, 60, id="strange, and nothing came of it"
        ),
        pytest.param(
            [story((0, ACT), kind=Kind.ANOMALY, dry=True)], np.inf, 60, id="only rehearsed"
        ),
    ],
)
def test_healed_in_time_is_neither_failed_nor_survived(
    told: list[Incident], fails_after: float, watched_for: float
) -> None:
    assert minutes_ahead(told) == (fails_after, watched_for)


def test_a_foreboding_is_a_failure_from_when_it_came_true() -> None:
    fell = finding(Kind.EXITED, at=NOON + seconds(600))
    came_true = story((10, Attached(finding=fell)), kind=Kind.EXHAUSTION)

    (failure,) = failures_in([came_true])
    assert failure.began == NOON.timestamp() + 600


def test_nobody_saw_what_happened_after_looks_broke_off() -> None:
    times = np.concatenate([LOOKS, LOOKS + 86_400])

    _, became = what_became(times, [], first_episode=0)

    assert became.watched_for[0] == 3600
    assert became.watched_for[13] == 3600


def test_looks_before_the_same_failure_are_one_episode_and_calm_days_are_others() -> None:
    times = np.concatenate([LOOKS, LOOKS + 86_400])

    _, became = what_became(times, [story((7, OVER))], first_episode=40)

    assert set(became.episode[:7]) == {40}
    assert set(became.episode[7:13]).isdisjoint(became.episode[13:])
    assert became.episode.min() == 40


def test_of_no_look_nothing_came() -> None:
    well, became = what_became(np.empty(0), [story()], first_episode=0)
    assert (len(well), len(became.episode)) == (0, 0)
