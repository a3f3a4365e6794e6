"""What the configuration file says of a breaker: read once, when the first breaker is made.

An application without a file pays neither for reading nor for checking one.
"""

import functools
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from healing.breakers import Defaults
    from healing.settings import Settings


def configured(name: str) -> "Defaults | None":
    """Give what the file that `HEALING_CONFIG` names says; None when it does not know the name.

    Raises:
        ConfigError: The file is wrong; it holds one line for each fault.
    """
    if not os.environ.get("HEALING_CONFIG"):
        return None
    return _settings().circuit_breakers.lookup(name)


def shared_state() -> str | None:
    """Give the address of Redis that the environment, or the file it names, says.

    Raises:
        ConfigError: The file is wrong; it holds one line for each fault.
    """
    if not os.environ.get("HEALING_CONFIG"):
        return os.environ.get("HEALING_REDIS_URL") or None
    return _settings().storage.redis_url


@functools.cache
def _settings() -> "Settings":
    from healing.settings.loading import load  # noqa: PLC0415

    return load(None, os.environ)
