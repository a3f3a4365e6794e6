"""What was noticed lately, and what became of it: also what nobody acts upon."""

import threading
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from healing.finding import Finding
from healing.incidents import Incident
from healing.names import Fingerprint, IncidentId
from healing.policy import Because

MOST = 1_000
"""Findings held in memory; of incidents the ledger holds them all."""
ANEW = timedelta(hours=1)
"""Noticed again after so long, it is another finding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """One finding, as often as it was made.

    Attributes:
        finding: In its newest words.
        first: When it was made first.
        last: When it was made last.
        times: How often.
        because: Why it became an incident, or did not.
        incident: The one that it belongs to; None when it has none.
    """

    finding: Finding
    first: datetime
    last: datetime
    times: int
    because: Because
    incident: IncidentId | None


class NoticeBook:
    """Remembers findings. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: OrderedDict[Fingerprint, Noticed] = OrderedDict()
        self._older: deque[Noticed] = deque(maxlen=MOST)

    def write(
        self, finding: Finding, because: Because, incident: IncidentId | None, *, now: datetime
    ) -> None:
        """Take a finding in; the same one made again counts up."""
        name = finding.fingerprint
        with self._lock:
            known = self._newest.pop(name, None)
            if known is not None and now - known.last > ANEW:
                self._older.append(known)
                known = None
            if known is None:
                known = Noticed(
                    finding=finding,
                    first=now,
                    last=now,
                    times=0,
                    because=because,
                    incident=incident,
                )
            if incident is not None and incident == known.incident:
                # Said again while its incident is open, it is no news: why it began stays known.
                because = known.because
            self._newest[name] = replace(
                known,
                finding=finding,
                last=now,
                times=known.times + 1,
                because=because,
                incident=incident,
            )
            if len(self._newest) > MOST:
                self._older.append(self._newest.popitem(last=False)[1])

    def all(self, incidents: Iterable[Incident] = ()) -> list[Noticed]:
        """List what was noticed, the newest first.

        Args:
            incidents: Of an agent before us too: what they were found by is known from them.
        """
        with self._lock:
            noticed = [*self._newest.values(), *self._older]
        known = {(one.finding.fingerprint, one.incident) for one in noticed}
        noticed += [
            _told_by(incident, finding)
            for incident in incidents
            for finding in incident.findings
            if (finding.fingerprint, incident.id) not in known
        ]
        return sorted(noticed, key=lambda one: one.last, reverse=True)


def _told_by(incident: Incident, finding: Finding) -> Noticed:
    began_it = finding == incident.findings[0]
    return Noticed(
        finding=finding,
        first=finding.at,
        last=finding.at,
        times=1,
        because=Because.NEW if began_it else Because.ALREADY_OPEN,
        incident=incident.id,
    )
