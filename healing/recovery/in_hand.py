"""Which incidents are being worked on right now, so that nobody works on one twice."""

import threading

from healing.names import IncidentId


class InHand:
    """A set that says who was first. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids: set[IncidentId] = set()

    def take(self, incident: IncidentId) -> bool:
        """Take an incident in hand; False when somebody else has it."""
        with self._lock:
            if incident in self._ids:
                return False
            self._ids.add(incident)
            return True

    def release(self, incident: IncidentId) -> None:
        """Let go of it."""
        with self._lock:
            self._ids.discard(incident)

    def __contains__(self, incident: IncidentId) -> bool:
        with self._lock:
            return incident in self._ids
