"""Where breakers find the file and the fleet: the package says, however they are imported."""

from collections.abc import Callable
from typing import Any


class Surroundings:
    """What lies above the breakers, which know nothing of it.

    Attributes:
        lookup: Says what the configuration says of a name; None when it does not know it.
        on_fleet: Told when there is a breaker that a fleet is to share.
    """

    def __init__(self) -> None:
        self.lookup: Callable[[str], Any] = lambda _: None
        self.on_fleet: Callable[[], object] = lambda: None


surroundings = Surroundings()
"""Those of this process."""
