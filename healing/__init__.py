"""Keeps a stack of Docker services running, and leaves a record of every decision."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from healing.breakers import BreakerOpen, breaker

__version__ = "0.1.0"
__all__ = ["BreakerOpen", "breaker"]


def __getattr__(name: str) -> Any:
    """Load what an application asks for, and only that."""
    if name not in __all__:
        raise AttributeError(f"module 'healing' has no attribute {name!r}")
    from healing import breakers  # noqa: PLC0415
    from healing.configured import configured  # noqa: PLC0415

    breakers.registry.lookup = configured
    globals().update({each: getattr(breakers, each) for each in __all__})
    return globals()[name]
