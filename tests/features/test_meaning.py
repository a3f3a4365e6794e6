import numpy as np
import pytest

from healing.features import score_of, surprise_of


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


def test_a_score_gives_back_the_rarity_that_it_came_from() -> None:
    rarities = np.append(np.linspace(0, 8, 50), np.nan)
    assert surprise_of(score_of(rarities)) == pytest.approx(rarities, nan_ok=True)
