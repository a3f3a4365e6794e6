"""What one process counted of one breaker and has not told yet: nothing twice, nothing too old."""

from collections import deque
from dataclasses import dataclass

from healing.adapters.redis.standing import ANY_EPOCH, Report
from healing.breakers import Delta

BAD_NEWS_EVERY = 0.1
"""Seconds at least between two reports with failures: the first goes out at once."""
_GOOD_NEWS_PER_WINDOW = 30
_SHORTEST, _LONGEST = 0.5, 5.0


@dataclass(slots=True)
class _Counted:
    at: float
    calls: int
    failed: int
    slow: int


@dataclass(frozen=True, slots=True)
class _Tried:
    at: float
    report: Report


class Outbox:
    """Reports to come. Times are monotonic seconds.

    Good calls wait a while for company, as they open nothing; failures do not. A report without
    an answer is sent again as it was, with its number, so that it never counts twice.

    Args:
        instance: Who reports.
        window: Seconds after which a call does not count any more.
    """

    def __init__(self, instance: str, window: float) -> None:
        self.window = window
        self._instance = instance
        self._number = 0
        self._epoch = ANY_EPOCH
        self._counted: deque[_Counted] = deque()
        self._tried: _Tried | None = None
        self._sent = float("-inf")
        self._is_tripped = self._has_bad_news = False
        self._told = 0.0

    def put(self, delta: Delta, epoch: int, now: float) -> None:
        """Take in what was counted; what was counted in another epoch is dropped."""
        if self._epoch not in {epoch, ANY_EPOCH}:
            self._counted.clear()
        self._epoch = epoch
        calls = delta.ok + delta.failed
        if calls or delta.slow:
            last = self._counted[-1] if self._counted else None
            if last is None or now - last.at >= 1:
                last = _Counted(now, 0, 0, 0)
                self._counted.append(last)
            last.calls += calls
            last.failed += delta.failed
            last.slow += delta.slow
        self._told = max(self._told, delta.told)
        if delta.failed or delta.slow or delta.is_tripped is not self._is_tripped:
            self._has_bad_news = True
        self._is_tripped = delta.is_tripped

    def call_in(self) -> None:
        """Report at the next turn, even if there is nothing to say: to be counted as one of us."""
        self._sent = float("-inf")

    def due(self) -> float:
        """Give when the next report is to go out; infinity when there is nothing to say."""
        if self._sent == float("-inf"):
            return self._sent
        if self._has_bad_news or self._tried:
            return self._sent + BAD_NEWS_EVERY
        if self._counted or self._is_tripped:
            every = min(max(self.window / _GOOD_NEWS_PER_WINDOW, _SHORTEST), _LONGEST)
            return self._sent + every
        return float("inf")

    def next(self, now: float) -> Report:
        """Give the report to send: the one that had no answer, or all that came since."""
        oldest = now - self.window
        if self._tried and self._tried.at >= oldest:
            return self._tried.report
        while self._counted and self._counted[0].at < oldest:
            self._counted.popleft()
        self._number += 1
        report = Report(
            instance=self._instance,
            number=self._number,
            epoch=self._epoch,
            calls=sum(one.calls for one in self._counted),
            failed=sum(one.failed for one in self._counted),
            slow=sum(one.slow for one in self._counted),
            is_tripped=self._is_tripped,
            told=round(self._told * 1000),
        )
        self._tried = _Tried(self._counted[0].at if self._counted else now, report)
        self._counted.clear()
        self._told = 0.0
        self._has_bad_news = False
        return report

    def answered(self, now: float) -> None:
        """Forget the report that was sent."""
        self._tried = None
        self._sent = now
