import numpy as np
import pytest

from healing.anomaly import lasting, lasting_rarity
from healing.features import score_of


@pytest.mark.parametrize(
    ("scores", "lasts"),
    [
        pytest.param([0.1, 0.95, 0.95, 0.1, 0.1], [0, 0, 0, 0, 0], id="two in five"),
        pytest.param([0.95, 0.1, 0.95, 0.1, 0.95], [0, 0, 0, 0, 1], id="three in five"),
        pytest.param([0.95, 0.95, 0.95, 0.1, 0.1], [0, 0, 1, 0, 0], id="over as soon as it is not"),
        pytest.param(
            [0.95, np.nan, 0.95, np.nan, np.nan, np.nan, 0.95],
            [0, 0, 0, 0, 0, 0, 1],
            id="missed rows neither help nor hurt",
        ),
        pytest.param(
            [0.95, 0.1, 0.1, 0.1, 0.95, 0.95], [0, 0, 0, 0, 0, 0], id="the first is too long ago"
        ),
        pytest.param([0.95, 0.95], [0, 0], id="only just begun"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_strangeness_lasts(scores: list[float], lasts: list[int]) -> None:
    assert lasting(np.array(scores), at_least=0.9).tolist() == [bool(last) for last in lasts]


@pytest.mark.parametrize(
    ("decades", "rarity"),
    [
        pytest.param([0, 4, 0, 5, 6], 4 - np.log10(5 / 3), id="the weakest of three"),
        pytest.param([9, 9, 0, 0, 0, 5, 6], 0.0, id="what was long ago does not count"),
        pytest.param([4, np.nan, 4, np.nan, 4], 4 - np.log10(5 / 3), id="missed rows do not count"),
        pytest.param([6, 6], 0.0, id="too few"),
        pytest.param([], 0.0, id="nothing"),
    ],
)
def test_how_rare_it_is_that_strangeness_lasts(decades: list[float], rarity: float) -> None:
    scores = score_of(np.array(decades, np.float64))
    assert lasting_rarity(scores) == pytest.approx(rarity)


@pytest.mark.parametrize("kept", [0.0, 0.9], ids=["independent rows", "rows that hang together"])
def test_lasting_is_never_said_to_be_rarer_than_it_is(kept: float) -> None:
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(20_000, 30))
    for row in range(1, 30):
        rows[:, row] = kept * rows[:, row - 1] + np.sqrt(1 - kept**2) * rows[:, row]
    ranks = np.sort(rows[:, -5:].ravel())
    p_values = 1 - np.searchsorted(ranks, rows[:, -5:]) / ranks.size
    said = np.array([lasting_rarity(score_of(-np.log10(p))) for p in p_values])

    for decades in (0.5, 1.0, 2.0):
        assert (said >= decades).mean() <= 1.1 * 10**-decades
