"""Keeps a stack of Docker services running, and leaves a record of every decision."""

from typing import TYPE_CHECKING, Any

from healing.surroundings import surroundings
from healing.version import __version__

if TYPE_CHECKING:
    from healing.breakers import BreakerOpen, breaker

_ON_DEMAND = ("BreakerOpen", "breaker")
__all__ = ["BreakerOpen", "__version__", "breaker"]


def __getattr__(name: str) -> Any:
    """Load what an application asks for, and only that."""
    if name not in _ON_DEMAND:
        raise AttributeError(f"module 'healing' has no attribute {name!r}")
    from healing import breakers  # noqa: PLC0415

    globals().update({each: getattr(breakers, each) for each in _ON_DEMAND})
    return globals()[name]


def _lookup(name: str) -> Any:
    from healing.configured import configured  # noqa: PLC0415

    return configured(name)


def _on_fleet() -> None:
    from healing import fleet  # noqa: PLC0415

    fleet.join_if_known()


surroundings.lookup, surroundings.on_fleet = _lookup, _on_fleet
