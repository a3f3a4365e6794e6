import numpy as np
import pytest

from healing.anomaly import Model, beside_recent, fit, recent_of
from healing.anomaly.model import TOGETHER
from healing.anomaly.recent import LATER, RECENT
from healing.features import surprise_of
from tests.metrics import history_of, ordinary

ROWS = 7 * 1440


@pytest.fixture(scope="module")
def model() -> Model:
    return fit(history_of(**ordinary(ROWS)), seed=1)


def said(model: Model, rows: int) -> np.ndarray:
    """What detectors say together on days like those the model was calibrated on."""
    return np.random.default_rng(3).choice(model.recent.astype(np.float64), rows)


def far_beyond(model: Model) -> float:
    return model.surprises[TOGETHER].reached_at(5.0)


def test_days_like_those_before_are_as_strange_as_the_model_says(model: Model) -> None:
    together = said(model, 2000)

    beside, _ = beside_recent(model, together, recent_of(model))

    by_itself = model.surprises[TOGETHER].of(together)
    assert surprise_of(beside) == pytest.approx(by_itself, abs=0.3)


def test_what_comes_to_stay_is_no_longer_strange_after_a_day(model: Model) -> None:
    together = said(model, 3 * RECENT)
    together[RECENT:] += far_beyond(model)

    beside, _ = beside_recent(model, together, recent_of(model))
    surprise = surprise_of(beside)

    assert surprise[RECENT : RECENT + LATER].min() > 4
    assert np.mean(surprise[2 * RECENT :] >= 2) < 0.03


def test_trouble_does_not_go_quiet_while_it_lasts(model: Model) -> None:
    together = said(model, 1000)
    together[500 : 500 + LATER] = far_beyond(model)

    beside, _ = beside_recent(model, together, recent_of(model))
    surprise = surprise_of(beside)[500 : 500 + LATER]

    assert surprise.min() > 4
    assert surprise[-1] == pytest.approx(surprise[0], abs=0.5)


def test_trouble_that_is_over_does_not_hide_the_next_one(model: Model) -> None:
    together = said(model, 2000)
    together[500:540] = far_beyond(model)
    together[1000:1040] = far_beyond(model)

    surprise = surprise_of(beside_recent(model, together, recent_of(model))[0])

    assert surprise[1000:1040].min() > 4


def test_rows_judged_one_by_one_are_judged_as_all_at_once(model: Model) -> None:
    together = said(model, RECENT + 2 * LATER)
    together[700:800] += far_beyond(model)
    at_once, after = beside_recent(model, together, recent_of(model))

    recent, one_by_one = recent_of(model), list[float]()
    for row in range(len(together)):
        beside, recent = beside_recent(model, together[row : row + 1], recent)
        one_by_one.append(float(beside[0]))

    assert one_by_one == at_once.tolist()
    assert recent.together.tolist() == after.together.tolist()
    assert len(recent.together) == RECENT


def test_a_row_that_could_not_be_judged_stays_unknown_and_changes_nothing(model: Model) -> None:
    together = said(model, 400)
    missed = np.insert(together, 100, np.nan)

    beside, _ = beside_recent(model, missed, recent_of(model))

    assert np.isnan(beside[100])
    assert np.delete(beside, 100).tolist() == (
        beside_recent(model, together, recent_of(model))[0].tolist()
    )
