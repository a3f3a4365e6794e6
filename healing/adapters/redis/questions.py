"""What can be asked of the scripts: each question with how its answer is read."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar

from healing.adapters.redis.standing import Control, FleetStanding, Lease, Report, Terms

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """One script to run on one breaker."""

    script: str
    name: str
    terms: Terms | None
    args: tuple[object, ...]
    read: Callable[[Any], T]


def looking(name: str, terms: Terms | None) -> Question[FleetStanding]:
    """Look, and change nothing."""
    return Question("read", name, terms, (), lambda row: FleetStanding.read(name, row))


def reporting(name: str, terms: Terms, report: Report) -> Question[FleetStanding]:
    """Add what one process counted since it last did, and judge the whole."""
    args = (
        report.instance,
        report.number,
        report.epoch,
        report.calls,
        report.failed,
        report.slow,
        int(report.is_tripped),
        report.told,
    )
    return Question("sync", name, terms, args, lambda row: FleetStanding.read(name, row))


def asking(
    name: str, terms: Terms | None, token: str, *, mended: bool = False
) -> Question[tuple[FleetStanding, Lease | None]]:
    """Ask for leave to make one trial; asked again with the same token, it is the same leave.

    Who has just mended the dependency need not wait until the time is over.
    """

    def read(answer: Any) -> tuple[FleetStanding, Lease | None]:
        row, lasts = answer
        standing = FleetStanding.read(name, row)
        return standing, Lease(token, standing.epoch, int(lasts)) if lasts else None

    return Question("ticket", name, terms, (token, int(mended)), read)


def settling(
    name: str, terms: Terms | None, lease: Lease, *, ok: bool | None, told: int = 0
) -> Question[tuple[FleetStanding, bool]]:
    """Say how a trial ended; None gives it back unused. The answer tells whether it counted."""
    outcome = -1 if ok is None else int(ok)
    args = (lease.token, lease.epoch, outcome, told)
    return Question("settle", name, terms, args, _reader(name))


def controlling(
    name: str, terms: Terms | None, control: Control
) -> Question[tuple[FleetStanding, bool]]:
    """Do what an operator wants and write it down; not when somebody was faster.

    Raises:
        ValueError: The terms cannot be.
        TypeError: There is no such field.
    """
    given = dict(control.terms or {})
    # Who has none of its own asks about those of the fleet before.
    if control.action == "terms" and terms:
        changed: Any = {**asdict(terms), **given}
        Terms(**changed)
    args = (
        control.action,
        control.by,
        control.why,
        control.lasts,
        control.expected,
        json.dumps(given) if given else "",
        control.key,
    )
    return Question("control", name, terms, args, _reader(name))


def republishing(known: FleetStanding, terms: Terms) -> Question[tuple[FleetStanding, bool]]:
    """Put back what a server that lost writes does not know any more, by compare-and-set.

    What an operator said after that was seen holds.
    """
    args = (
        known.epoch,
        known.state,
        known.left,
        known.opened,
        known.because,
        known.mode,
        known.mode_left,
        known.by,
        known.why,
        json.dumps(known.terms) if known.terms else "",
        known.at,
    )
    return Question("republish", known.name, terms, args, _reader(known.name))


def _reader(name: str) -> Callable[[Any], tuple[FleetStanding, bool]]:
    return lambda answer: (FleetStanding.read(name, answer[0]), bool(answer[1]))
