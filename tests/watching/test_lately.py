import numpy as np
import pytest

from healing.names import ServiceName
from healing.watching.lately import Lately
from tests.metrics import EPOCH
from tests.stories import API

STEP = 60
CACHE, DATABASE = ServiceName("cache"), ServiceName("database")


def looks(lately: Lately, scores: list[float], *, name: ServiceName = API, newest: int = 5) -> None:
    """Take scores in as looks do: one row later each time, with the rows just before it."""
    for row in range(len(scores)):
        seen = np.array(scores[max(0, row + 1 - newest) : row + 1])
        lately.take(name, seen, end=EPOCH + STEP * row, step=STEP)


def test_an_hour_is_known_from_half_of_it_on() -> None:
    lately = Lately()
    looks(lately, [0.5] * 29)
    assert np.isnan(lately.of(API).hour)

    looks(lately, [0.5] * 31)
    assert lately.of(API).hour == pytest.approx(2.0)


def test_a_missed_look_is_made_up_for_by_the_next_one() -> None:
    lately = Lately()
    for end in (0, 4, 8):
        lately.take(API, np.full(5, 0.9), end=EPOCH + STEP * end, step=STEP)

    assert lately.of(API).strangest == pytest.approx(3.0)
    looks(lately, [0.9] * 60)
    assert lately.of(API).hour == pytest.approx(3.0)


def test_a_day_with_five_times_as_many_strange_rows_says_five() -> None:
    lately = Lately()
    scores = np.full(1440, 0.1)
    scores[::20] = 0.6
    lately.take(API, scores, end=EPOCH, step=STEP)

    assert lately.of(API).times == pytest.approx(5.0)


def test_what_is_older_than_a_day_is_forgotten() -> None:
    lately = Lately()
    lately.take(API, np.full(1440, 0.9), end=EPOCH, step=STEP)
    lately.take(API, np.empty(0), end=EPOCH + 2 * 86_400, step=STEP)

    assert np.isnan([lately.of(API).strangest, lately.of(API).hour, lately.of(API).times]).all()


def test_a_service_that_vanished_a_day_ago_is_forgotten() -> None:
    lately = Lately()
    looks(lately, [0.9], name=CACHE)
    lately.take(DATABASE, np.array([0.9]), end=EPOCH + 86_400, step=STEP)
    assert lately.of(CACHE).strangest == pytest.approx(3.0)

    lately.take(DATABASE, np.array([0.9]), end=EPOCH + 86_460, step=STEP)
    assert np.isnan(lately.of(CACHE).strangest)
    assert lately.of(DATABASE).strangest == pytest.approx(3.0)


def test_the_worst_of_what_it_needs_counts() -> None:
    lately = Lately()
    looks(lately, [0.5], name=CACHE)
    looks(lately, [0.99], name=DATABASE)

    assert lately.worst_of((CACHE, DATABASE)) == pytest.approx(4.0)
    assert lately.worst_of((CACHE, ServiceName("unseen"))) == pytest.approx(2.0)
    assert lately.worst_of(()) == 0.0
    assert np.isnan(lately.worst_of((ServiceName("unseen"),)))
