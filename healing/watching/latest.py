"""What the latest look at each service said."""

import threading
from collections.abc import Iterable

from healing.names import ServiceName
from healing.watching.seer import Judgement


class Latest:
    """Remembers one judgement per service. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_service: dict[ServiceName, Judgement] = {}

    def take(self, judged: Iterable[Judgement]) -> None:
        """Take in what a look said."""
        with self._lock:
            self._by_service.update({judgement.service: judgement for judgement in judged})

    def of(self, services: Iterable[ServiceName]) -> list[Judgement]:
        """List the latest judgement of each of these services that was looked at."""
        with self._lock:
            return [self._by_service[name] for name in services if name in self._by_service]
