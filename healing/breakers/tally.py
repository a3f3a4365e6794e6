"""What a breaker counted over all its generations, and what of it nobody has taken yet."""

from healing.breakers.window import Window


class Tally:
    """Calls, failed and slow ones, ever. Only used under the breaker's lock."""

    __slots__ = ("_before", "_taken")

    def __init__(self) -> None:
        self._before = self._taken = (0, 0, 0)

    def of(self, window: Window) -> tuple[int, int, int]:
        """Count, with the window of the present generation."""
        calls, failed, slow = self._before
        return calls + window.total(), failed + window.total_failed, slow + window.total_slow

    def keep(self, window: Window) -> None:
        """Keep what a window counted whose generation is over."""
        self._before = self.of(window)

    def take(self, window: Window) -> tuple[int, int, int]:
        """Give what was counted since this was last asked."""
        was, self._taken = self._taken, self.of(window)
        calls, failed, slow = (now - then for now, then in zip(self._taken, was, strict=True))
        return calls, failed, slow
