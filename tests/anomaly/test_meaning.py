import numpy as np
import pytest

from healing.anomaly import lasting, score_of


@pytest.mark.parametrize(
    ("p", "score"), [(1e-2, 0.5), (1e-3, 0.9), (1e-4, 0.99)], ids=["100", "1,000", "10,000"]
)
def test_a_score_says_how_rare(p: float, score: float) -> None:
    assert score_of(np.array([-np.log10(p)]))[0] == pytest.approx(score)


def test_rarer_is_stranger_and_never_certain() -> None:
    scores = score_of(np.linspace(0, 8, 200))

    assert (np.diff(scores) > 0).all()
    assert scores[0] < 0.02
    assert 0.9999 < scores[-1] < 1


def test_what_is_unknown_has_no_score() -> None:
    assert np.isnan(score_of(np.array([np.nan]))[0])


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
