import numpy as np
import pytest

from healing.forecast.course import course_of
from tests.metrics import MEMORY, history_of

HOUR = 60
HOURS_6 = 6 * 3600


def risen(memory: np.ndarray, seconds: int = HOURS_6) -> float | None:
    return course_of(history_of(60, memory=memory), MEMORY, 100.0, ()).risen(seconds)


def test_a_fast_rise_after_quiet_hours_has_risen() -> None:
    assert risen(np.r_[np.full(6 * HOUR, 30.0), 40, 50, 60]) == pytest.approx(20)


def test_what_came_back_down_has_not_risen() -> None:
    assert risen(np.r_[np.full(3 * HOUR, 60.0), np.full(4 * HOUR, 55.0)]) == pytest.approx(-5)


def test_what_began_anew_since_is_not_compared_with_what_was_before() -> None:
    assert risen(np.r_[np.full(4 * HOUR, 90.0), np.linspace(20, 60, 4 * HOUR)]) is None
    assert risen(np.r_[np.full(4 * HOUR, 90.0), np.linspace(20, 60, 7 * HOUR)]) > 0


def test_what_was_not_measured_then_is_unknown() -> None:
    assert risen(np.r_[np.full(10 * HOUR, np.nan), np.full(2 * HOUR, 90.0)]) is None
