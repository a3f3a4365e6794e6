import numpy as np
import pytest

from healing.forecast.brink import brink_of, peak_of
from healing.forecast.course import Course, course_of
from healing.forecast.growth import growth_of
from tests.metrics import MEMORY, history_of

HOUR, DAY = 60, 1440
PAST = 4 * DAY


def course(memory: np.ndarray, *, capacity: float = 100.0) -> Course:
    return course_of(history_of(60, memory=memory), MEMORY, capacity, ())


def high(rows: int = PAST, *, level: float = 90.0, seed: int = 0) -> np.ndarray:
    """Make memory that stands high and wanders by as much as is left, but turns back at 97."""
    random = np.random.default_rng(seed)
    wander = 5 * np.sin(2 * np.pi * np.arange(rows) / (7 * HOUR))
    return np.minimum(level + wander + random.standard_normal(rows), level + 7)


def test_what_stands_nearer_to_full_than_ever_is_on_the_brink() -> None:
    brink = brink_of(course(np.r_[high(), np.full(HOUR, 98.5)]))

    assert brink is not None
    assert brink.before == pytest.approx(97, abs=0.05)
    assert brink.drift.level == pytest.approx(98.5)
    assert brink.drift.lasted == HOUR
    assert brink.drift.slope == pytest.approx(1.5 / (HOUR - 1), rel=0.05)


@pytest.mark.parametrize(
    ("memory", "capacity"),
    [
        pytest.param(high(PAST + HOUR), 100, id="it stands where it has always stood"),
        pytest.param(np.r_[high(), np.full(HOUR, 97.2)], 100, id="it is hardly higher than ever"),
        pytest.param(np.r_[high(), 98.5, np.full(10, 90)], 100, id="it was so high once"),
        pytest.param(np.r_[high(DAY), np.full(HOUR, 98.5)], 100, id="too little of its past known"),
        pytest.param(np.r_[high(), np.full(HOUR, 98.5)], 110, id="it is far from full"),
        pytest.param(
            np.r_[high(level=92.8), np.full(HOUR, 99.9)], 100, id="it has been full all along"
        ),
    ],
)
def test_what_is_not_near_is_not_on_the_brink(memory: np.ndarray, capacity: float) -> None:
    assert brink_of(course(memory, capacity=capacity)) is None


def test_what_is_cleaned_up_again_and_again_is_not_on_the_brink() -> None:
    tooth = np.linspace(40, 89, 8 * HOUR)
    teeth = np.tile(tooth, 9)

    assert brink_of(course(np.r_[teeth, np.full(HOUR, 97.0)])) is None
    assert brink_of(course(np.r_[np.sort(teeth), np.full(HOUR, 97.0)])) is not None


@pytest.mark.parametrize(
    ("rises", "to", "is_on_the_brink"),
    [
        pytest.param(1, 90, False, id="at once, and much is left"),
        pytest.param(HOUR, 90, True, id="within an hour"),
        pytest.param(1, 97, True, id="at once, and little is left"),
    ],
)
def test_what_leaps_to_a_new_height_is_on_the_brink_only_where_little_is_left(
    rises: int, to: float, is_on_the_brink: bool
) -> None:
    flat = 80 + 0.2 * np.random.default_rng(1).standard_normal(PAST)
    memory = np.r_[flat, np.linspace(80, to, rises + 1)[1:], np.full(20, to)]

    assert (brink_of(course(memory)) is not None) is is_on_the_brink


def test_a_record_of_one_day_says_less_than_one_of_four() -> None:
    a_little = np.full(HOUR, 97.6)

    assert brink_of(course(np.r_[high(2 * DAY), a_little])) is None
    assert brink_of(course(np.r_[high(PAST + DAY), a_little])) is not None


def test_it_stays_on_the_brink_while_it_wanders_below_its_peaks() -> None:
    peaks_and_troughs = np.r_[high(), np.full(HOUR, 98.5), np.full(HOUR, 93.0)]

    assert brink_of(course(peaks_and_troughs)) is not None


@pytest.mark.parametrize(
    ("values", "peak"),
    [
        pytest.param([5, 1, 4, 1, 3, 1], 3, id="the third highest of those that are close"),
        pytest.param([9, 1, 1, 1, 1, 1, 1, 2, 2, 2], 2, id="not what stands alone"),
        pytest.param([9, np.nan, np.nan, 8], float("-inf"), id="too little was measured"),
    ],
)
def test_the_peak_is_where_it_stood_three_times_within_so_many_rows(
    values: list[float], peak: float
) -> None:
    assert peak_of(np.array(values, np.float64), 5) == peak


@pytest.mark.parametrize("noise", [0.3, 1.0])
def test_most_of_the_time_it_is_full_within_the_interval(noise: float) -> None:
    inside, widths = list[bool](), list[float]()
    for seed in range(16):
        random = np.random.default_rng(seed)
        away = np.zeros(PAST + 3 * DAY)
        for row, shock in enumerate(0.2 * random.standard_normal(len(away) - 1), start=1):
            away[row] = 0.99 * away[row - 1] + shock
        memory = 88 + away + noise * random.standard_normal(len(away))
        memory[PAST:] += 12 * np.arange(3 * DAY) / ((6 + 2 * seed) * HOUR)
        full = PAST + int(np.flatnonzero(memory[PAST:] >= 100)[0])
        for row in np.linspace(PAST, full, 13)[1:-1].astype(int).tolist():
            if (brink := brink_of(course(memory[:row]))) is not None:
                growth = growth_of(brink.drift, capacity=100, window=DAY)
                inside.append(growth.soonest <= full - row <= growth.latest)
                widths.append(growth.latest / growth.likely)

    assert len(inside) > 50
    assert 0.7 < np.mean(inside) < 0.9, np.mean(inside)
    assert np.median(widths) < 6


def test_peaks_that_are_all_alike_tell_the_time_better_than_peaks_that_are_not() -> None:
    noise = np.repeat(np.random.default_rng(0).uniform(-1, 0, PAST // HOUR), HOUR)
    higher = np.linspace(91, 95, 4 * HOUR)
    steady, unsteady = (brink_of(course(np.r_[91 + swing * noise, higher])) for swing in (0.1, 9))

    assert steady is not None
    assert unsteady is not None
    assert steady.drift.spread < unsteady.drift.spread
