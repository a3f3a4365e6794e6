"""After a lasting change an alarm ends by itself, and nothing else is missed for it."""

import numpy as np
import pytest

from healing.anomaly import Model, Scores, fit, lasting, reasons, score
from healing.history import History
from tests.metrics import MIB, history_of, ordinary

STEP = 300
DAY = 86_400 // STEP
HOUR = DAY // 24
LEARNT, JUDGED = 8 * DAY, 4 * DAY
AT = LEARNT + 3 * HOUR
"""When things change."""
STRANGE = 0.99


@pytest.fixture(scope="module")
def model() -> Model:
    return fit(service(nothing).rows(0, LEARNT), seed=1)


def service(change) -> History:
    columns = ordinary(LEARNT + JUDGED, step=STEP, seed=1)
    change(columns)
    return history_of(STEP, **columns)


def told(model: Model, history: History) -> np.ndarray:
    """Say in which rows since the change there is an alarm."""
    return lasting(judged(model, history).values, at_least=STRANGE)[AT - LEARNT :]


def judged(model: Model, history: History) -> Scores:
    return score(model, history, newest=JUDGED)


def nothing(_: dict[str, np.ndarray]) -> None:
    """Change nothing."""


def more_memory(columns: dict[str, np.ndarray]) -> None:
    columns["memory"][AT:] += 50 * MIB


def twice_the_load(columns: dict[str, np.ndarray]) -> None:
    columns["cpu"][AT:] *= 2


@pytest.mark.parametrize("change", [more_memory, twice_the_load])
def test_the_alarm_of_a_lasting_change_ends_after_a_day(model: Model, change) -> None:
    alarm = told(model, service(change))

    assert alarm[: 2 * HOUR].any()
    assert alarm[DAY + 2 * HOUR :].mean() < 0.02


def test_more_memory_for_good_is_an_alarm_for_all_of_the_first_day_only(model: Model) -> None:
    alarm = told(model, service(more_memory))

    assert alarm[2 * HOUR : DAY - HOUR].all()
    assert not alarm[DAY + 2 * HOUR :].any()


def test_going_back_to_where_it_stood_is_no_alarm(model: Model) -> None:
    def back_after_two_days(columns: dict[str, np.ndarray]) -> None:
        columns["memory"][AT : AT + 2 * DAY] += 50 * MIB

    alarm = told(model, service(back_after_two_days))

    assert alarm[2 * DAY :].sum() <= 2 * HOUR
    assert not alarm[2 * DAY + 5 * HOUR :].any()


def test_new_trouble_at_the_new_level_is_strange(model: Model) -> None:
    def trouble_on_top(columns: dict[str, np.ndarray]) -> None:
        more_memory(columns)
        columns["memory"][AT + 2 * DAY :][:HOUR] += 50 * MIB

    assert told(model, service(trouble_on_top))[2 * DAY :][:HOUR].any()


def test_a_job_that_goes_wrong_for_hours_is_told_each_day(model: Model) -> None:
    def twice(columns: dict[str, np.ndarray]) -> None:
        for day in (0, 1, 2):
            columns["latency"][AT + day * DAY :][: 4 * HOUR] *= 4

    alarm = told(model, service(twice))

    assert all(alarm[day * DAY :][: 4 * HOUR].any() for day in (0, 1, 2))


def test_what_never_moved_may_settle_too_and_its_next_change_is_strange() -> None:
    values = np.full(LEARNT + JUDGED, 3.0)
    model = fit(history_of(STEP, replicas=values[:LEARNT]), seed=1)
    values[AT:] = 5.0
    values[AT + 2 * DAY :] = 6.0

    scores = score(model, history_of(STEP, replicas=values), newest=JUDGED).values[AT - LEARNT :]

    assert scores[:DAY].min() > 0.9
    assert scores[DAY + 2 * HOUR : 2 * DAY].max() < 0.5
    assert scores[2 * DAY + HOUR] > 0.9


def test_rows_rank_as_what_has_changed_long_after_it_is_an_alarm(model: Model) -> None:
    scores = judged(model, service(more_memory))
    settled = slice(AT - LEARNT + DAY + 6 * HOUR, None)

    assert np.median(scores.ranks[settled]) > 0.9
    assert np.median(scores.values[settled]) < 0.5


def test_what_stands_a_little_away_for_long_ranks_higher_than_it_does_at_once(model: Model) -> None:
    def a_little_more(columns: dict[str, np.ndarray]) -> None:
        columns["memory"][AT:] += 1.5 * MIB

    scores = judged(model, service(a_little_more))
    first, later = (slice(AT - LEARNT + hours * HOUR, None) for hours in (0, 5))

    assert np.median(scores.ranks[first][: 2 * HOUR]) < 0.3
    assert np.median(scores.ranks[later][: 2 * HOUR]) > 0.5
    assert np.median(scores.values[later][: 2 * HOUR]) < 0.3


def test_a_row_is_judged_alone_as_among_all(model: Model) -> None:
    history = service(twice_the_load)
    everything = judged(model, history)

    for end in (AT + HOUR, AT + DAY + HOUR, AT + 2 * DAY + 7, len(history)):
        alone = score(model, history.rows(0, end), newest=1)

        row = end - LEARNT - 1
        assert alone.values[0] == pytest.approx(everything.values[row], abs=1e-6)
        assert alone.ranks[0] == pytest.approx(everything.ranks[row], abs=1e-6)
        assert alone.usual[0] == pytest.approx(everything.usual[row])


@pytest.mark.parametrize(
    ("after", "said", "is_shift"),
    [
        pytest.param(2 * HOUR, "usually 97 MiB to 103 MiB", False, id="not yet"),
        pytest.param(
            8 * HOUR, "has stood at another level for 8 h (level shift): ", True, id="day 1"
        ),
        pytest.param(2 * DAY, "is usual now, and 97 MiB to 103 MiB was", True, id="it has settled"),
    ],
)
def test_a_level_shift_is_said(model: Model, after: int, said: str, is_shift: bool) -> None:
    history = service(more_memory).rows(0, AT + after)
    found = reasons(model, history, score(model, history, newest=5))

    (memory,) = (reason for reason in found if reason.signal == "memory")
    assert memory.level_shift == is_shift
    assert said in memory.sentence("bytes")
