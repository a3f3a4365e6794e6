"""What is rare for one service is common in a fleet: alarms that chance explains are held back."""

from collections.abc import Sequence
from dataclasses import replace

from healing.policy.discovery import discoveries
from healing.watching.judgement import Judgement


def beyond_chance(judged: Sequence[Judgement], *, fleet: int) -> list[Judgement]:
    """Keep the findings of strangeness that chance does not explain; say of the others why not.

    Args:
        judged: What one look at one shard says.
        fleet: How many services are looked at, in all shards together.
    """
    stands = discoveries([one.rarity for one in judged], fleet=fleet)
    return [
        one
        if stand or not one.rarity
        else replace(
            one.without_strangeness,
            why=f"{one.why} (no finding: among {fleet} services, one is as strange by chance)",
        )
        for one, stand in zip(judged, stands.tolist(), strict=True)
    ]
