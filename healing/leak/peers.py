"""One replica leaks, or all of them do: the one was unlucky, all have the same release."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from healing.leak.leak import Leak
from healing.leak.rules import Because
from healing.names import InstanceName

MOST = 0.75
FEWEST_PEERS = 2


class Spread(StrEnum):
    """How a leak is spread over the replicas of a service."""

    NONE = "none"
    ONE = "leak_one"
    """Some leak and their peers do not: restart those, one after the other."""
    ALL = "leak_all_peers"
    """All leak alike: suspect the release; a restart of all at once helps nobody."""
    ALONE = "leak"
    """It has no peers to compare with."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What the replicas say together.

    Attributes:
        spread: How the leak is spread.
        leaking: Which of them leak.
        reason: One sentence for a person.
    """

    spread: Spread
    leaking: tuple[InstanceName, ...]
    reason: str


def compare_peers(leaks: Mapping[InstanceName, Leak]) -> Compared:
    """Compare the replicas of one service; those of which too little is known do not count.

    Source: RESIN (OSDI 2022) compares a process with the others of its kind.
    """
    judged = {name: leak for name, leak in leaks.items() if leak.because is not Because.TOO_LITTLE}
    leaking = tuple(sorted(name for name, leak in judged.items() if leak.leaks))
    if not leaking:
        return Compared(Spread.NONE, (), "no replica leaks")
    if len(judged) < FEWEST_PEERS:
        return Compared(Spread.ALONE, leaking, judged[leaking[0]].reason)
    if len(leaking) >= MOST * len(judged):
        return Compared(
            Spread.ALL,
            leaking,
            f"{len(leaking)} of {len(judged)} replicas leak alike: suspect the release",
        )
    return Compared(
        Spread.ONE,
        leaking,
        f"{', '.join(leaking)} leaks, its {len(judged) - len(leaking)} peers do not",
    )
