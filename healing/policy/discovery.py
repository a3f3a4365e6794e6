"""How many alarms of a fleet may be chance: the more is looked at, the rarer a finding must be.

One service is strange by chance once in a long while; among ten thousand, one is at every look.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RATE = 0.05
"""Expected share of false alarms among those of one look at the whole fleet."""


def discoveries(rarities: Sequence[float], *, fleet: int, rate: float = RATE) -> NDArray[np.bool_]:
    """Say which alarms of one shard stand, so that of all in the fleet few are chance.

    The procedure of Benjamini and Hochberg within the shard, with the shard's part of the rate: its
    services' share of the fleet. The shares of false alarms of all shards add up to no more than
    the rate, so no shard needs to know of the others.

    Args:
        rarities: Minus the decimal logarithm of a p-value, one for each service; 0 for no alarm.
        fleet: How many services are looked at in all shards together.
        rate: Expected share of false alarms among alarms.

    Source:
        Benjamini and Hochberg (1995), Controlling the false discovery rate.

    Example:
        >>> [discoveries([4.0, 0.0], fleet=fleet).tolist() for fleet in (100, 1000)]
        [[True, False], [False, False]]
    """
    rarity = np.asarray(rarities, np.float64)
    rarest_first = -np.sort(-rarity)
    # With i alarms, a p-value may be i times the rate over the fleet.
    allowed = np.log10(fleet / (rate * np.arange(1, len(rarity) + 1)))
    enough = np.flatnonzero(rarest_first >= allowed)
    if not enough.size:
        return np.zeros(len(rarity), np.bool_)
    return rarity >= rarest_first[enough[-1]]
