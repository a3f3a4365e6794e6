"""What the latest look at each service said."""

import threading
from collections.abc import Iterable
from datetime import datetime, timedelta

from healing.finding import Finding, Kind
from healing.names import Fingerprint, ServiceName
from healing.watching.fading import Fading
from healing.watching.judgement import Judgement

SAME_TROUBLE = timedelta(hours=1)
"""Found again after less than that, it is not news."""
PICTURES_KEPT = timedelta(days=7)
"""An incident may wait for a person, and its picture with it."""


class Latest:
    """Remembers one judgement per service. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_service = Fading[ServiceName, Judgement]()
        self._pictures = Fading[tuple[ServiceName, Kind], tuple[datetime, str]](PICTURES_KEPT)
        self._said = Fading[Fingerprint, datetime](SAME_TROUBLE)

    def take(self, judged: Iterable[Judgement]) -> None:
        """Take in what a look said."""
        with self._lock:
            for judgement in judged:
                at = judgement.at.timestamp()
                self._by_service.keep(judgement.service, judgement, at=at)
                if judgement.picture:
                    drawn = (judgement.service, judgement.findings[0].kind)
                    self._pictures.keep(drawn, (judgement.at, judgement.picture), at=at)

    def picture(self, service: ServiceName, kind: Kind, *, since: datetime) -> str:
        """Give the last picture of such a finding about a service; empty when none is since."""
        with self._lock:
            at, picture = self._pictures.get((service, kind)) or (since, "")
            return picture if at >= since else ""

    def worth_saying(self, judged: Iterable[Judgement]) -> bool:
        """Tell whether anything was found that was not found within the hour before as well."""
        news = False
        with self._lock:
            for judgement in judged:
                for finding in judgement.findings:
                    last = self._said.get(finding.fingerprint)
                    news = news or last is None or judgement.at - last > SAME_TROUBLE
                    at = judgement.at
                    self._said.keep(finding.fingerprint, at, at=at.timestamp())
        return news

    def before(self, service: ServiceName) -> Judgement | None:
        """Give what the latest look at a service said; None before the first."""
        with self._lock:
            return self._by_service.get(service)

    def finds(self, finding: Finding) -> bool:
        """Tell whether the latest look at its service has found the same."""
        newest = self.before(finding.service)
        found = newest.findings if newest else ()
        return any(one.fingerprint == finding.fingerprint for one in found)

    def of(self, services: Iterable[ServiceName]) -> list[Judgement]:
        """List the latest judgement of each of these services that was looked at."""
        with self._lock:
            found = [self._by_service.get(name) for name in services]
        return [one for one in found if one is not None]
