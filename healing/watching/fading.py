"""What is remembered of those that are still there: the newest of each, for some time."""

from datetime import timedelta
from itertools import takewhile
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

DAY = timedelta(days=1)


class Fading(Generic[K, V]):
    """Keeps one value of each key, and forgets those of which nothing new came for long.

    What vanished without a word is gone when others have gone on for so long. For one thread.

    Args:
        after: Of values that are so much older than the one that comes in, it forgets.

    Example:
        >>> seen = Fading[str, int](timedelta(minutes=1))
        >>> seen.keep("api", 7, at=0)
        >>> seen.keep("shop", 8, at=90)
        >>> seen.get("api"), seen.get("shop")
        (None, 8)
    """

    def __init__(self, after: timedelta = DAY) -> None:
        self._after = after.total_seconds()
        self._known: dict[K, tuple[float, V]] = {}

    def get(self, key: K) -> V | None:
        """Give the value of a key; None when there is none."""
        known = self._known.get(key)
        return known[1] if known else None

    def keep(self, key: K, value: V, *, at: float) -> None:
        """Keep the value of a key in the place of the one before.

        Args:
            key: Whose it is.
            value: Not None.
            at: When it was so, in seconds since the epoch.
        """
        self._known.pop(key, None)
        self._known[key] = (at, value)
        # In the order they came in: the first ones are the oldest.
        old = takewhile(lambda one: self._known[one][0] < at - self._after, self._known)
        for one in list(old):
            del self._known[one]
