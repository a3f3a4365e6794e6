"""What the configuration file says of a breaker: read once, when the first breaker is made.

An application without a file pays neither for reading nor for checking one.
"""

import functools
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from healing.breakers import Defaults
    from healing.settings.sections.circuit_breakers import CircuitBreakers


def configured(name: str) -> "Defaults | None":
    """Give what the file that `HEALING_CONFIG` names says; None when it does not know the name.

    Raises:
        ConfigError: The file is wrong; it holds one line for each fault.
    """
    return _section().lookup(name) if os.environ.get("HEALING_CONFIG") else None


@functools.cache
def _section() -> "CircuitBreakers":
    from healing.settings.loading import load  # noqa: PLC0415

    return load(None, os.environ).circuit_breakers
