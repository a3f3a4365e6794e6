"""The one place that knows which adapter stands behind which port."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from healing.errors import SetupError
from healing.recovery.dispatch import Dispatch
from healing.recovery.in_hand import InHand
from healing.recovery.steps import Steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a step may reach for."""

    steps: Steps
    dispatch: Dispatch
    in_hand: InHand
    api_url: str
    """Where our own REST interface answers."""


_services: ContextVar[Services] = ContextVar("services")


def services() -> Services:
    """Return the services of this process.

    Raises:
        SetupError: This process was not wired up, as in a worker that nobody prepared.
    """
    try:
        return _services.get()
    except LookupError:
        raise SetupError(
            "this flow runs inside the agent, and this process is not one",
            remedy="start `heal agent` and leave the run to it (work pool `fastlane`)",
        ) from None


@contextmanager
def using(services: Services) -> Generator[Services]:
    """Use `services` inside the block; how the agent and tests wire us up."""
    token = _services.set(services)
    try:
        yield services
    finally:
        _services.reset(token)
