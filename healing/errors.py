"""Every error this system raises on purpose.

* HealingError
  * TemporaryError           worth trying again
    * SourceUnavailableError   the metric store did not answer
      * WrongSourceError         what answers there is no metric store, or does not let us in
    * HostUnavailableError     the container engine did not answer
    * StateUnavailableError    the shared state did not answer
    * StateConflictError       somebody else changed it first: look again
    * OutcomeUnknownError      an act was begun and its answer never came: look before anything else
  * PermanentError           trying again cannot help
    * ConfigError              the configuration is wrong: one line per fault
    * BadQueryError            the metric store refused the query
    * UnknownServiceError      no such service is configured
    * UnknownContainerError    the service has no container of this name
    * UnknownBreakerError      no breaker of this name is known
    * InstanceGoneError        the container is not there any more
    * RefusedError             the container engine refused: its own words
    * NotEnoughHistoryError    too few samples to judge
    * ModelUnusableError       a stored model is missing, damaged or of another make
    * LedgerFullError          the ledger cannot be written: nothing may be acted upon
    * SetupError               something on this machine must be put right first: what and how
      * NotInstalledError        only the light kit is installed
    * BadInputError            a file that was given to a command is not what the command reads

Only these reach a caller. A "no" that was expected (muted, cooling down, breaker open) is a value,
not an error.
"""

from healing.names import InstanceName, ServiceName

MOST_NAMED = 50
"""Names that an error lists."""


class HealingError(Exception):
    """Root of our errors; catch it only at the edges."""


class TemporaryError(HealingError):
    """The world was busy; the same call may work later."""


class SourceUnavailableError(TemporaryError):
    """The metric store did not answer in time."""


class WrongSourceError(SourceUnavailableError):
    """What answers at the address is no metric store, or does not let us in."""


class HostUnavailableError(TemporaryError):
    """The container engine did not answer in time."""


class StateUnavailableError(TemporaryError):
    """The shared state (Redis) did not answer in time."""


class StateConflictError(TemporaryError):
    """Somebody else changed the shared state first; look again, and decide anew."""


class OutcomeUnknownError(TemporaryError):
    """An act was begun and its answer never came: it may have happened."""


class PermanentError(HealingError):
    """The call itself is wrong; trying again cannot help."""


class ConfigError(PermanentError):
    """The configuration is wrong.

    Attributes:
        faults: One line each: file, line number, key path, what is wrong, nearest valid key.
    """

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class BadQueryError(PermanentError):
    """The metric store refused the query as it stands."""


class UnknownServiceError(PermanentError):
    """No such service is configured.

    Attributes:
        service: The name that was asked for.
        known: The names there are.
    """

    def __init__(self, service: ServiceName, known: tuple[ServiceName, ...] = ()) -> None:
        names = ", ".join(known) or "none"
        super().__init__(f"no service named {service!r}; known services: {names}")
        self.service = service
        self.known = known


class UnknownContainerError(PermanentError):
    """The service has no container of this name.

    Attributes:
        container: The name that was asked for.
        known: Those of the service.
    """

    def __init__(self, service: ServiceName, container: str, known: tuple[str, ...] = ()) -> None:
        names = ", ".join(known) or "none"
        super().__init__(f"{service} has no container {container!r}; its containers: {names}")
        self.container = container
        self.known = known


class UnknownBreakerError(PermanentError):
    """No breaker of this name is known.

    Attributes:
        breaker: The name that was asked for.
        known: The names there are.
    """

    def __init__(self, breaker: str, known: tuple[str, ...] = ()) -> None:
        names = ", ".join(known[:MOST_NAMED]) or "none"
        if (more := len(known) - MOST_NAMED) > 0:
            names += f" and {more} more"
        super().__init__(f"no circuit breaker named {breaker!r}; known circuit breakers: {names}")
        self.breaker = breaker
        self.known = known


class InstanceGoneError(PermanentError):
    """The container is not there any more."""

    def __init__(self, instance: InstanceName) -> None:
        super().__init__(f"container {instance!r} is gone")
        self.instance = instance


class RefusedError(PermanentError):
    """The container engine refused; the message is its own."""


class NotEnoughHistoryError(PermanentError):
    """Too few samples to judge.

    Attributes:
        have: Samples at hand.
        need: Samples the method needs.
    """

    def __init__(self, *, have: int, need: int) -> None:
        super().__init__(f"have {have} samples, need at least {need}")
        self.have = have
        self.need = need


class ModelUnusableError(PermanentError):
    """A stored model is missing, damaged, or made by another version: train again."""


class LedgerFullError(PermanentError):
    """The ledger cannot be written, so nothing may be acted upon."""


class BadInputError(PermanentError):
    """A file that was given is not what is read; the message says which, why, and what is."""


class SetupError(PermanentError):
    """Something on this machine must be put right first.

    Attributes:
        remedy: What the person should do.
    """

    def __init__(self, what: str, *, remedy: str) -> None:
        super().__init__(f"{what}\n  -> {remedy}")
        self.remedy = remedy


class NotInstalledError(SetupError):
    """This is the light kit, for applications; what runs beside it was not installed."""

    def __init__(self, module: str) -> None:
        super().__init__(
            f"only the light kit is installed: no module {module!r}",
            remedy='pip install "healing[pipelines]"',
        )
