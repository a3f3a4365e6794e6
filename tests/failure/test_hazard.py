"""What must hold of the probability of a failure, whatever was learnt."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healing import failure
from healing.errors import ModelUnusableError
from healing.failure import HORIZONS, SIGNS, Hazard, Sign, Signs

SHAPE = (len(HORIZONS), len(SIGNS))
WEIGHTS = st.floats(0, 8)
VALUES = st.floats(-2, 40) | st.just(math.nan)


@st.composite
def hazards(draw: st.DrawFn) -> Hazard:
    flat = draw(st.lists(WEIGHTS, min_size=SHAPE[0] * SHAPE[1], max_size=SHAPE[0] * SHAPE[1]))
    intercepts = draw(st.lists(st.floats(-8, 2), min_size=SHAPE[0], max_size=SHAPE[0]))
    return Hazard(
        intercept=np.array(intercepts),
        weights=np.array(flat).reshape(SHAPE),
        usual=np.full(SHAPE, draw(st.floats(0.01, 0.5))),
        failures=draw(st.integers(0, 500)),
    )


@st.composite
def rows(draw: st.DrawFn) -> np.ndarray:
    row = draw(st.lists(VALUES, min_size=len(SIGNS), max_size=len(SIGNS)))
    return np.repeat(np.array(row)[None, None, :], len(HORIZONS), axis=1)


@settings(max_examples=60, deadline=None)
@given(hazards(), rows())
def test_a_probability_lies_between_0_and_1_and_never_falls_with_the_horizon(
    hazard: Hazard, row: np.ndarray
) -> None:
    (within,) = hazard.probability(row)
    assert np.all((within > 0) & (within < 1))
    assert np.all(np.diff(within) >= 0)


@settings(max_examples=60, deadline=None)
@given(hazards(), rows(), st.sampled_from(range(len(SIGNS))), st.floats(0, 30))
def test_more_of_a_sign_never_makes_a_failure_less_likely(
    hazard: Hazard, row: np.ndarray, sign: int, more: float
) -> None:
    grown = row.copy()
    grown[:, :, sign] += more
    assert np.all(hazard.probability(grown) >= hazard.probability(row) - 1e-12)


@settings(max_examples=60, deadline=None)
@given(hazards(), rows(), st.sampled_from(range(len(SIGNS))))
def test_unknown_lies_between_nothing_and_all(hazard: Hazard, row: np.ndarray, sign: int) -> None:
    none, unknown, full = row.copy(), row.copy(), row.copy()
    none[:, :, sign], unknown[:, :, sign], full[:, :, sign] = -1.0, math.nan, 100.0
    low, middle, high = (hazard.probability(r)[0] for r in (none, unknown, full))
    assert np.all(low <= middle + 1e-12)
    assert np.all(middle <= high + 1e-12)


@pytest.mark.parametrize("sign", SIGNS)
def test_unknown_is_not_zero(sign: Sign) -> None:
    quiet = Signs(values=dict.fromkeys(SIGNS, 0.0), full_within=(0.0,) * 3).row()[None]
    unknown = quiet.copy()
    unknown[:, :, SIGNS.index(sign)] = math.nan
    assert np.all(failure.cold().probability(unknown) > failure.cold().probability(quiet))


def test_a_cold_service_of_which_nothing_speaks_fails_about_once_a_week() -> None:
    quiet = Signs(values=dict.fromkeys(SIGNS, 0.0), full_within=(0.0,) * 3).row()[None]
    (within,) = failure.cold().probability(quiet)
    expected = [1 - math.exp(-h.total_seconds() / (7 * 86_400)) for h in HORIZONS]
    assert within == pytest.approx(expected)


def test_a_model_survives_being_kept() -> None:
    hazard = failure.cold()
    again = failure.from_arrays(failure.to_arrays(hazard))
    row = Signs(values={Sign.LEAK: 1.0}).row()[None]
    assert again.probability(row).tolist() == hazard.probability(row).tolist()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("schema", np.array(99), id="of another make"),
        pytest.param("signs", np.array(["moon"]), id="with other signs"),
        pytest.param("weights", np.full(SHAPE, np.nan), id="with NaN in it"),
        pytest.param("weights", np.full(SHAPE, -1.0), id="with a weight below zero"),
        pytest.param("intercept", np.zeros(2), id="of another shape"),
    ],
)
def test_arrays_that_are_no_model_are_refused(name: str, value: np.ndarray) -> None:
    with pytest.raises(ModelUnusableError):
        failure.from_arrays({**failure.to_arrays(failure.cold()), name: value})
    with pytest.raises(ModelUnusableError):
        failure.from_arrays({})
