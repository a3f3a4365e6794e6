import numpy as np
import pytest

from healing.forecast.drift import NINE_OF_TEN
from healing.forecast.rates import rate_of

POINTS = 80


def grown(shape: np.ndarray, *, noise: float = 0.05, seed: int = 0) -> np.ndarray:
    return 50 * shape + noise * np.random.default_rng(seed).standard_normal(len(shape))


def test_straight_growth_goes_on_as_it_did() -> None:
    rate = rate_of(grown(np.linspace(0, 1, POINTS)), room=50)

    assert rate.slope == pytest.approx(50 / POINTS, rel=0.04)
    assert rate.spread < 0.2


def test_growth_that_surely_speeds_up_is_foreseen_faster_than_its_newest_half() -> None:
    time = np.linspace(0, 1, POINTS)
    growth = grown(0.4 * time + 0.6 * time**2)
    half = np.polyfit(np.arange(POINTS // 2), growth[-POINTS // 2 :], 1)[0]

    assert rate_of(growth, room=50).slope > half


def test_a_jump_in_the_middle_is_no_bend() -> None:
    time = np.linspace(0, 1, POINTS)
    straight, jump = grown(0.8 * time), grown(0.8 * time + 0.1 * (time > 0.4))

    told, as_if = rate_of(jump, room=50), rate_of(straight, room=50)
    assert told.slope == pytest.approx(as_if.slope, rel=0.2)
    assert abs(np.log(told.slope / as_if.slope)) < NINE_OF_TEN * told.spread


@pytest.mark.parametrize(("jump", "within"), [(0.0, 0.04), (0.03, 0.12)])
@pytest.mark.parametrize("power", [0.93, 1.0, 1.08])
def test_growth_goes_on_as_a_power_of_its_time_whatever_jumps(
    power: float, jump: float, within: float
) -> None:
    time = np.linspace(0, 1, POINTS)
    growth = grown(time**power + jump * (time > 0.5), noise=0.01)
    coming = 50 * (2**power - 1) / POINTS  # while it grows as long again

    assert rate_of(growth, room=50 * (2**power - 1)).slope == pytest.approx(coming, rel=within)


def test_what_falls_does_not_fill_up_soon() -> None:
    assert 0 < rate_of(grown(np.linspace(1, 0, POINTS)), room=50).slope < 1e-3


@pytest.mark.parametrize("room", [0.0, -1.0])
@pytest.mark.parametrize(
    "growth", [np.zeros(30), -np.arange(30.0), np.arange(30.0)], ids=["flat", "falls", "grows"]
)
def test_what_is_full_has_a_rate_whether_it_grows_or_not(growth: np.ndarray, room: float) -> None:
    assert rate_of(growth, room).slope > 0


def test_gaps_change_little() -> None:
    growth = grown(np.linspace(0, 1, POINTS))
    holed = growth.copy()
    holed[20:30] = np.nan

    assert rate_of(holed, room=50).slope == pytest.approx(rate_of(growth, room=50).slope, rel=0.03)


@pytest.mark.parametrize("points", [1, 2, 6])
def test_a_few_points_are_enough_for_a_number(points: int) -> None:
    rate = rate_of(np.arange(points, dtype=np.float64), room=10)

    assert np.isfinite(rate.slope)
    assert np.isfinite(rate.spread)


def doubling(points: int, *, every: int, seed: int = 0) -> np.ndarray:
    """Make growth that doubles every so many points, and has come to 50."""
    return grown(2.0 ** ((np.arange(points) - points + 1) / every), noise=0.5, seed=seed)


@pytest.mark.parametrize("left", [0.5, 1.0, 2.0], ids=lambda left: f"{left} doublings left")
def test_growth_that_feeds_on_itself_is_foreseen_to_go_on_so(left: float) -> None:
    room = 50 * (2.0**left - 1)

    times = [room / rate_of(doubling(48, every=12, seed=seed), room).slope for seed in range(9)]

    assert np.median(times) == pytest.approx(left * 12, rel=0.15)


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(np.linspace(0, 1, 48), id="straight"),
        pytest.param(np.sqrt(np.linspace(0, 1, 48)), id="slows down"),
        pytest.param(0.7 * np.linspace(0, 1, 48) + 0.3 * (np.arange(48) > 30), id="a jump"),
        pytest.param(
            0.8 * np.linspace(0, 1, 48) + 0.2 * np.linspace(0, 1, 48) ** 2, id="speeds up by half"
        ),
    ],
)
def test_other_growth_is_not_taken_to_run_away(shape: np.ndarray) -> None:
    newest = 50 * (shape[-1] - shape[-12]) / 11

    rates = [rate_of(grown(shape, noise=0.5, seed=seed), room=100).slope for seed in range(9)]

    assert max(rates) < 1.3 * max(newest, 50 / 47)


def test_gaps_hide_no_growth_that_feeds_on_itself() -> None:
    growth = doubling(48, every=12)
    holed = growth.copy()
    holed[5:9] = holed[20:25] = np.nan

    assert rate_of(holed, 50).slope == pytest.approx(rate_of(growth, 50).slope, rel=0.1)
