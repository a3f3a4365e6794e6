"""Which of the replicas of a service leak: each has a history of its own, bounded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from healing.history import History
from healing.instances import Instance
from healing.leak import Because, Compared, Leak, Spread, compare_peers
from healing.names import InstanceName, SignalName
from healing.services import REPLICA, Service, Signal
from healing.watching.leaks import leak_of

FEWEST, MOST = 2, 16
"""Replicas that are compared: one has no peers, and more than these cost more than they tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """What the replicas of a service say of one signal, together and each for itself."""

    signal: SignalName
    compared: Compared
    leaks: Mapping[InstanceName, Leak]

    @property
    def leaking(self) -> list[tuple[InstanceName, Leak]]:
        """Those that leak, each saying how it stands with the others; full first comes first."""
        said = [(name, self.leaks[name]) for name in self.compared.leaking]
        if self.compared.spread is not Spread.ALONE:
            words = self.compared.reason
            said = [(name, replace(one, reason=f"{words}; {one.reason}")) for name, one in said]
        return sorted(said, key=lambda one: one[1].full_in or timedelta.max)


def signals_of_replicas(service: Service, instances: Sequence[Instance]) -> tuple[Signal, ...]:
    """Say what to ask of each replica; nothing when no signal is asked so, or there are no peers.

    What is gone is asked no more, and forgotten; the first by name count where there are many.
    """
    asked = [signal for signal in service.signals if signal.per_replica]
    if len(instances) < FEWEST or not asked:
        return ()
    return tuple(
        replace(
            signal,
            name=of_replica(signal.name, instance.name),
            query=signal.per_replica.replace(REPLICA, _quoted(instance.name)),
        )
        for signal in asked
        for instance in instances[:MOST]
    )


def of_replica(signal: SignalName, instance: InstanceName) -> SignalName:
    """Name the column of a replica."""
    return SignalName(f"{signal} of {instance}")


def peers_of(
    replicas: History,
    signal: Signal,
    capacity: float,
    *,
    instances: Sequence[Instance],
    restarts_of: Callable[[InstanceName], Sequence[datetime]],
    now: datetime,
) -> Peers | None:
    """Compare the replicas; None when fewer than two are known, or it is nothing that can leak.

    Args:
        replicas: A column for each.
        signal: What may leak.
        capacity: Of one replica.
        instances: Those that there are now.
        restarts_of: When each was started.
        now: Nothing after it is looked at.
    """
    leaks = dict[InstanceName, Leak]()
    for instance in instances:
        column = of_replica(signal.name, instance.name)
        if column not in replicas.signals:
            continue
        restarts = restarts_of(instance.name)
        found = leak_of(
            _alone(replicas, column, signal.name), signal, capacity, now=now, restarts=restarts
        )
        if found is not None and found.because is not Because.TOO_LITTLE:
            leaks[instance.name] = found
    if len(leaks) < FEWEST:
        return None
    return Peers(signal=signal.name, compared=compare_peers(leaks), leaks=leaks)


def _alone(replicas: History, column: SignalName, name: SignalName) -> History:
    """Give one replica a history of its own, as if it were the service."""
    chosen = replicas.choose((column,))
    return History(start=chosen.start, step=chosen.step, signals=(name,), values=chosen.values)


def _quoted(name: str) -> str:
    """Write a name so that it stays inside the quotes of a label value."""
    return name.replace("\\", "\\\\").replace('"', '\\"')
