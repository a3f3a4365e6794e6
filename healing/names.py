"""The words everything else is keyed by."""

from typing import NewType

ServiceName = NewType("ServiceName", str)
"""A service as the operator calls it, for instance `checkout`."""

InstanceName = NewType("InstanceName", str)
"""One running copy of a service: the container's name, for instance `shop-checkout-2`."""

SignalName = NewType("SignalName", str)
"""A measured quantity of a service, for instance `memory`."""

Fingerprint = NewType("Fingerprint", str)
"""Same trouble, same fingerprint: the key for de-duplication."""

IncidentId = NewType("IncidentId", str)
"""A short name of one incident that sorts by time, for instance `1k3v9q2f`."""

Actor = NewType("Actor", str)
"""Who asked: a person, the name of a token, or the part of us that acts, for instance `agent`."""

AGENT = Actor("agent")
"""We ourselves."""
