"""Which calls are judged: counted so that a good call costs one atomic tick and no lock.

A good call only ticks. What failed or was slow is kept beside it, under the lock of the breaker:
by the number of its call in a count window, by slice of time in a time window. One window lives
as long as one generation, so a late outcome ticks a window that nobody looks at any more.
"""

import math
from collections import deque
from dataclasses import dataclass
from itertools import count

from healing.breakers.machine import Counts
from healing.breakers.rules import LastCalls, Rules

_SLICES = 10


@dataclass(slots=True)
class _Slice:
    calls_before: int
    failed: int = 0
    slow: int = 0


class Window:
    """The calls of one generation of a breaker that is closed.

    Args:
        rules: What to judge by.
        now: The time.

    Attributes:
        tick: Count one call; atomic.
        turn: Time of the next `look`.
        slow_after: Seconds from which a call is slow.
        is_watching: Whether calls are to be entered in `running`, to be seen when they hang.
        running: Calls that run, and when each began. Whoever takes one out counts it: the call
            when it returns, or `look` when it hangs.
        is_suspect: Whether a good call must be told to the breaker as well.
    """

    __slots__ = (
        "_failures",
        "_hang_turn",
        "_slice_ends",
        "_slices",
        "_slows",
        "_ticks_read",
        "in_a_row",
        "is_suspect",
        "is_watching",
        "rules",
        "running",
        "slow_after",
        "tick",
        "total_failed",
        "total_slow",
        "turn",
    )

    def __init__(self, rules: Rules, now: float) -> None:
        self.tick = count().__next__
        self._ticks_read = 0
        self.total_failed = self.total_slow = self.in_a_row = 0
        self.is_suspect = False
        self._failures: deque[int] = deque()
        self._slows: deque[int] = deque()
        self._slices: deque[_Slice] = deque([_Slice(0)], maxlen=_SLICES)
        self.running: dict[object, float] = {}
        self._take(rules, now)

    def adopt(self, rules: Rules, now: float) -> None:
        """Judge by other rules from now on; what was counted stays. Only under the lock."""
        counts, was_by_calls = self.counts(), isinstance(self.rules.window, LastCalls)
        if was_by_calls is not isinstance(rules.window, LastCalls):
            self._convert(counts)
        self._take(rules, now)

    def _take(self, rules: Rules, now: float) -> None:
        self.rules = rules
        self.slow_after = math.inf if rules.slow_after is None else rules.slow_after
        self.is_watching = rules.count_hanging and rules.slow_after is not None
        self._slice_ends = now + self._slice_seconds()
        self._set_turn(now)

    def _convert(self, counts: Counts) -> None:
        """Keep what counts now, for the other kind of window."""
        total = self.total()
        before = total - counts.calls
        self._slices.clear()
        self._slices.append(_Slice(before, counts.failed, counts.slow))
        # When each of them was is not known: they are taken as spread evenly over the calls.
        for numbers, many in ((self._failures, counts.failed), (self._slows, counts.slow)):
            numbers.clear()
            numbers.extend(before + (n + 1) * counts.calls // many for n in range(many))

    def total(self) -> int:
        """Calls ever counted here. Only under the breaker's lock."""
        # Reading the counter ticks it, so the readings are counted as well.
        ticks = self.tick() - self._ticks_read
        self._ticks_read += 1
        return ticks

    def add(self, *, failed: bool = False, slow: bool = False) -> None:
        """Note what was wrong with a call that has just ticked. Only under the breaker's lock."""
        number = self.total()
        if failed:
            self.total_failed += 1
            self.in_a_row += 1
            self._slices[-1].failed += 1
            self._failures.append(number)
        if slow:
            self.total_slow += 1
            self._slices[-1].slow += 1
            self._slows.append(number)
        # A count window needs the numbers of its own last calls only; a time window needs none.
        keep = self.rules.window.calls if isinstance(self.rules.window, LastCalls) else 0
        for numbers in (self._failures, self._slows):
            while numbers and numbers[0] <= number - keep:
                numbers.popleft()

    def forget(self, now: float) -> None:
        """Begin as many new slices as time has passed. Only under the breaker's lock."""
        if now < self._slice_ends:
            return
        length = self._slice_seconds()
        passed = int((now - self._slice_ends) / length) + 1
        calls = self.total()
        for _ in range(min(passed, _SLICES)):
            self._slices.append(_Slice(calls))
        self._slice_ends += passed * length
        self.turn = min(self._slice_ends, self._hang_turn)

    def look(self, now: float) -> bool:
        """Forget, and count calls that hang. Only under the breaker's lock.

        Returns:
            Whether there were any.
        """
        self.forget(now)
        if now < self._hang_turn:
            return False
        found = False
        # Copied in one step, as calls come and go meanwhile; and only when one can have begun to
        # hang. They stand in the order in which they began: the first young one ends the search.
        for call, began in tuple(self.running.items()):
            if now - began < self.slow_after:
                break
            if self.running.pop(call, None) is not None:
                found = True
                self.tick()
                self.add(slow=True)
        self._set_turn(now)
        return found

    def _set_turn(self, now: float) -> None:
        """The next call to hang is the oldest that runs, or one that begins after now."""
        self._hang_turn = math.inf
        if self.is_watching:
            # Another thread may take the oldest out at this moment: then the next look is early.
            oldest = next(iter(tuple(self.running.values())), now)
            self._hang_turn = oldest + self.slow_after
        self.turn = min(self._slice_ends, self._hang_turn)

    def counts(self) -> Counts:
        """Count what is judged now. Only under the breaker's lock."""
        total = self.total()
        window = self.rules.window
        if isinstance(window, LastCalls):
            oldest = total - window.calls
            failed = sum(number > oldest for number in self._failures)
            slow = sum(number > oldest for number in self._slows)
            calls = min(total, window.calls)
        else:
            calls = total - self._slices[0].calls_before
            failed = sum(piece.failed for piece in self._slices)
            slow = sum(piece.slow for piece in self._slices)
        return Counts(calls=calls, failed=failed, slow=slow, in_a_row=self.in_a_row)

    def _slice_seconds(self) -> float:
        window = self.rules.window
        return math.inf if isinstance(window, LastCalls) else window.seconds / _SLICES
