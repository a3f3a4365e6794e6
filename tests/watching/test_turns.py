from collections import Counter

import numpy as np
import pytest

from healing.names import ServiceName
from healing.watching import drift, has_its_turn, shards

NAMES = [ServiceName(f"shop-{n}") for n in range(1000)]


@pytest.mark.parametrize("size", [1, 7, 100, 999, 1000, 5000])
def test_every_service_is_in_one_shard(size: int) -> None:
    parts = shards(NAMES, size)

    assert Counter(name for part in parts for name in part.names) == Counter(NAMES)
    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    assert {part.of for part in parts} == {len(parts)}


def test_a_shard_is_never_much_larger_than_asked_for() -> None:
    assert max(len(part.names) for part in shards(NAMES, 100)) < 150


def test_the_order_in_which_services_come_changes_no_shard() -> None:
    one, other = shards(NAMES, 100), shards(NAMES[::-1], 100)

    assert [set(part.names) for part in one] == [set(part.names) for part in other]


def test_one_shard_says_nothing_of_itself() -> None:
    assert [str(part) for part in shards(NAMES[:3], 100)] == [""]
    assert str(shards(NAMES, 100)[0]) == " (1 of 10)"
    assert shards([], 100) == ()


def test_learning_is_spread_over_the_day() -> None:
    hours = [[name for name in NAMES if has_its_turn(name, hour)] for hour in range(24)]

    assert Counter(name for hour in hours for name in hour) == Counter(NAMES)
    assert max(map(len, hours)) < 3 * len(NAMES) / 24


def ordinary(rows: int, share: float) -> np.ndarray:
    scores = np.full(rows, 0.1)
    scores[: round(rows * share)] = 0.6
    return scores


@pytest.mark.parametrize(
    ("scores", "drifted"),
    [
        (ordinary(1440, 0.01), False),
        (ordinary(1440, 0.025), False),
        (ordinary(1440, 0.04), True),
        (ordinary(288, 0.0), False),
        (ordinary(2880, 0.001), True),
        (ordinary(100, 0.5), False),
        (np.full(1440, np.nan), False),
        (np.concatenate([np.full(1000, np.nan), ordinary(440, 0.2)]), True),
        (np.empty(0), False),
    ],
    ids=[
        "as it should be",
        "a little more",
        "far more",
        "nothing, of few",
        "far less, of many",
        "too few to say",
        "nothing known",
        "gaps do not count",
        "no rows",
    ],
)
def test_a_model_has_drifted_when_its_scores_lose_their_meaning(
    scores: np.ndarray, drifted: bool
) -> None:
    assert bool(drift(scores)) is drifted
