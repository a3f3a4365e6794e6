"""Whether a probability to fail deserves to be told: high twice, and for a reason of its own."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from healing.failure import HORIZONS, Prognosis, Sign
from healing.history import say_time

FILLS = frozenset({Sign.EXHAUSTION, Sign.LEAK})
"""What has a finding of its own, which starts a recovery; a failure that is likely only tells."""


class Word(StrEnum):
    """The one reason that decides."""

    SAID_TWICE = "said_twice"
    UNLIKELY = "unlikely"
    NO_REASON = "no_reason"
    """Nothing that is seen speaks for it: the rate at which services fail is no news."""
    COVERED = "covered"
    SAID_ONCE = "said_once"


@dataclass(frozen=True, slots=True)
class Likely:
    """Whether it is to be told, and why."""

    word: Word
    reason: str
    """One sentence for a person."""

    @property
    def is_told(self) -> bool:
        """Whether it is."""
        return self.word is Word.SAID_TWICE


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """From when on a failure is likely.

    Attributes:
        probability: From which it is told.
        within: The time that it is about; one of `HORIZONS`.
    """

    probability: float = 0.5
    within: timedelta = HORIZONS[1]

    def of(self, prognosis: Prognosis) -> float:
        """Give the probability in question."""
        return prognosis.within[HORIZONS.index(self.within)]


def horizon_for(lead_time: timedelta) -> timedelta:
    """Give the shortest horizon that is as long as a person wants to know before, if any is.

    Example:
        >>> print(horizon_for(timedelta(minutes=20)))
        1:00:00
    """
    return next((horizon for horizon in HORIZONS if horizon >= lead_time), HORIZONS[-1])


def likely_to_fail(
    now: Prognosis, before: Prognosis | None, *, terms: Terms, is_filling: bool
) -> Likely:
    """Decide whether a failure is likely enough to be told. The first rule that applies wins.

    Args:
        now: Of this look.
        before: Of the look before; None when there was none lately.
        terms: From when on.
        is_filling: Whether the same look has a finding that something fills up, or will have one if
            the next looks say the same.
    """
    said = f"{terms.of(now):.0%} within {say_time(terms.within)}"

    if terms.of(now) < terms.probability:
        return Likely(Word.UNLIKELY, f"{said}; {terms.probability:.0%} would be told")

    if not now.reasons:
        return Likely(Word.NO_REASON, f"{said}, and nothing that is seen speaks for it")

    if is_filling and now.reasons[0].sign in FILLS:
        return Likely(Word.COVERED, f"{said}, for what is a finding of its own")

    if before is None or terms.of(before) < terms.probability:
        return Likely(Word.SAID_ONCE, f"{said}; only this look says so, the next one decides")

    assumed = "" if now.failures else " (assumed: there were too few failures to learn from)"
    return Likely(Word.SAID_TWICE, f"fails with {said}{assumed}: {now.why}")
