"""All incidents that we know of: the ledger, read into memory."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime

from healing.incidents.account import Outcome
from healing.incidents.events import Entry, Opened
from healing.incidents.lifecycle import Act, Incident, advance, opened
from healing.names import IncidentId, InstanceName, ServiceName

NOTHING_DONE = frozenset({Outcome.SUPERSEDED, Outcome.NOT_BEGUN})
KEEP_CLOSED = 500
"""Incidents that are over and still held in memory; older ones are in the ledger only."""


class Book:
    """Answers questions about incidents; knows nothing that the ledger does not say.

    Safe to use from several threads: incidents are values, and the index is behind one short lock.
    """

    def __init__(self, entries: Iterable[Entry] = (), *, keep_closed: int = KEEP_CLOSED) -> None:
        self._keep_closed = keep_closed
        self._incidents: OrderedDict[IncidentId, Incident] = OrderedDict()
        self._lock = threading.Lock()
        for entry in entries:
            self.write(entry)

    def write(self, entry: Entry) -> Incident | None:
        """Take in one line. Returns the incident as it is now; None for one we do not know."""
        with self._lock:
            known = self._incidents.get(entry.incident)
            if known is not None:
                incident = advance(known, entry.event, entry.at)
            elif isinstance(entry.event, Opened):
                incident = opened(entry)
            else:
                return None
            self._incidents[entry.incident] = incident
            self._forget()
            return incident

    def get(self, incident: IncidentId) -> Incident | None:
        """Look one up."""
        with self._lock:
            return self._incidents.get(incident)

    def all(self) -> tuple[Incident, ...]:
        """List all that are still in memory, oldest first."""
        with self._lock:
            return tuple(self._incidents.values())

    def open(self) -> tuple[Incident, ...]:
        """List those that are not over, oldest first."""
        return tuple(incident for incident in self.all() if incident.is_open)

    def about(self, service: ServiceName, instance: InstanceName | None) -> Incident | None:
        """Find the open incident of a container, or of the service it belongs to as a whole."""
        for incident in self.open():
            if incident.service == service and incident.instance in {instance, None}:
                return incident
        return None

    def last_about(self, instance: InstanceName | None) -> Incident | None:
        """Find the latest incident of a container that is over."""
        over = (i for i in reversed(self.all()) if not i.is_open and i.instance == instance)
        return next(over, None)

    def asked_with(self, key: str) -> tuple[Incident, ...]:
        """List the incidents that were asked for with this key."""
        return tuple(incident for incident in self.all() if key and incident.key == key)

    def acts(self, service: ServiceName, *, since: datetime) -> tuple[tuple[Incident, Act], ...]:
        """List what was, or may have been, done to a service since then, oldest first."""
        return tuple(
            (incident, act)
            for incident in self.all()
            if incident.service == service
            for act in incident.acts
            if act.at >= since and act.outcome not in NOTHING_DONE
        )

    def _forget(self) -> None:
        if len(self._incidents) <= self._keep_closed:
            return
        over = [i for i in self._incidents.values() if not i.is_open]
        for incident in over[: len(self._incidents) - self._keep_closed]:
            del self._incidents[incident.id]
