import numpy as np
import pytest

from healing.policy.discovery import RATE, discoveries

FLEET = 200
SHARD = 50
LOOKS = 4000


def alarms_of(rarities: np.ndarray) -> np.ndarray:
    """The alarms of one look, each shard by itself."""
    shards = [
        discoveries(rarities[first : first + SHARD].tolist(), fleet=FLEET)
        for first in range(0, FLEET, SHARD)
    ]
    return np.concatenate(shards)


@pytest.mark.parametrize("shared", [0.0, 0.5], ids=["independent", "moving together"])
@pytest.mark.parametrize("wrong", [0, 3, 40])
def test_of_all_alarms_of_a_look_few_are_chance(wrong: int, shared: float) -> None:
    """Rarities as services have them by chance; of the first `wrong`, ten thousand times rarer."""
    rng = np.random.default_rng(1)
    fleet_wide = rng.random(LOOKS) < shared
    chance = rng.exponential(1 / np.log(10), (LOOKS, FLEET))
    chance[fleet_wide] = chance[fleet_wide, :1]
    chance[:, :wrong] += 4
    told = [alarms_of(look) for look in chance]

    false = np.mean([look[wrong:].sum() / max(look.sum(), 1) for look in told])

    # Two standard errors of a share over so many looks.
    assert false <= RATE + 2 * np.sqrt(RATE / LOOKS)


def test_what_is_really_strange_is_told() -> None:
    rng = np.random.default_rng(2)
    rarities = rng.exponential(1 / np.log(10), FLEET)
    rarities[:5] += 5
    assert alarms_of(rarities)[:5].all()


@pytest.mark.parametrize(
    ("fleet", "stands"), [(1, True), (100, True), (500, True), (501, False), (10_000, False)]
)
def test_the_larger_the_fleet_the_rarer_an_alarm_must_be(fleet: int, *, stands: bool) -> None:
    assert discoveries([4.0, 0.0], fleet=fleet).tolist() == [stands, False]


def test_what_many_services_say_at_once_is_believed_sooner() -> None:
    alone, together = discoveries([4.0], fleet=1000), discoveries([4.0] * 10, fleet=1000)
    assert (alone.any(), together.all()) == (False, True)


def test_a_shard_without_services_has_no_alarms() -> None:
    assert discoveries([], fleet=10).tolist() == []
