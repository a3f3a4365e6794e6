"""Something noticed that may be trouble."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from healing.names import Fingerprint, InstanceName, ServiceName, SignalName


class Kind(StrEnum):
    """In what way it is trouble. Also the `kind` label of metrics."""

    EXITED = "exited"
    """The main process ended and nothing brings it back."""
    UNHEALTHY = "unhealthy"
    """The container's own HEALTHCHECK says so."""
    UNRESPONSIVE = "unresponsive"
    """It runs, and does not answer our probes."""
    ANOMALY = "anomaly"
    """It behaves as it never did before."""
    EXHAUSTION = "exhaustion"
    """It will run out of something soon."""
    FAILING = "failing"
    """It will probably fail soon."""
    BREAKER_OPEN = "breaker_open"
    """Its callers found it failing: the breaker that they share has opened."""
    REQUESTED = "requested"
    """A person or another program asked for help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One reason to think a service is unwell, or soon will be."""

    service: ServiceName
    instance: InstanceName | None
    """The container in question; None when it is about the service as a whole."""
    kind: Kind
    signal: SignalName
    score: float
    """How strange or how certain, 0 to 1; higher is stranger."""
    detail: str
    """One sentence for a person."""
    at: datetime
    began: datetime | None = None
    """When the trouble itself began; None when it is not known to be earlier than `at`."""

    @property
    def fingerprint(self) -> Fingerprint:
        """Same trouble, same fingerprint: the key for de-duplication."""
        return Fingerprint(f"{self.instance or self.service}:{self.signal}:{self.kind}")
