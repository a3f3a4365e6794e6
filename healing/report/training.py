"""What was learnt, and how each new model did beside the one in use, as markdown."""

from collections.abc import Sequence
from dataclasses import dataclass

from healing.report.ahead import cell

SHOWN = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """How one model did on the rows held back, as shares: events found, ordinary rows strange."""

    found: float
    false: float

    def __str__(self) -> str:
        """Say it in one cell of a table."""
        return f"{self.found:.0%} found, {self.false:.2%} false"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What came of learning one service.

    Attributes:
        result: In a word.
        why: In a sentence.
        version: Of the new model; empty when there is none.
        champion: How the model in use did; None when there was none, or nothing to judge by.
        challenger: How the new one did.
    """

    service: str
    result: str
    why: str
    version: str = ""
    champion: Shown | None = None
    challenger: Shown | None = None


def training_report(lessons: Sequence[Lesson], failures: str = "") -> str:
    """Tell what was learnt, service by service.

    Args:
        lessons: Those that are worth a line.
        failures: What was learnt of failures, over all services; empty when that was not asked.
    """
    head = (
        "| service | result | in use | new | version | why |\n| --- | --- | --- | --- | --- | --- |"
    )
    body = [
        f"| {cell(one.service)} | {one.result} | {one.champion or '-'} | {one.challenger or '-'} "
        f"| {cell(one.version) or '-'} | {cell(one.why)} |"
        for one in lessons[:SHOWN]
    ]
    left = len(lessons) - SHOWN
    more = [f"{left} more are not shown."] if left > 0 else []
    meaning = (
        "Found: of events put into the newest rows, which both models judge and the new one was "
        "not shown. False: of those rows as they were, called strange; 1 % is nominal."
    )
    last = [f"Of all services together: {cell(failures)}."] if failures else []
    return "\n\n".join(["# Learnt", "\n".join([head, *body]), *more, meaning, *last]) + "\n"
