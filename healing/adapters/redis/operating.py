"""The breakers of a fleet as an operator's agent sees them: Redis behind `FleetBreakers`."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from healing.adapters.redis.breakers import BreakerStore
from healing.adapters.redis.questions import looking
from healing.adapters.redis.standing import (
    ANY_EPOCH,
    DURATIONS,
    Action,
    Control,
    FleetStanding,
    Lease,
    Terms,
)
from healing.adapters.redis.terms import amended
from healing.breakers import Because, Rules, State
from healing.breakers.operating import (
    STATES,
    Command,
    FleetBreaker,
    Lever,
    Pulled,
    Transition,
    Trial,
)
from healing.errors import BadInputError, StateConflictError

AT_ONCE = 100
"""Breakers read in one round trip: well within the patience with Redis."""

_ACTIONS: Mapping[Lever, Action] = {
    Lever.FORCE_OPEN: "forced_open",
    Lever.FORCE_CLOSED: "disabled",
    Lever.OBSERVE: "observing",
    Lever.NONE: "auto",
    Lever.RESET: "reset",
    Lever.RULES: "terms",
}
_DEFAULTS: Mapping[str, float] = asdict(Terms())
_LEVERS: Mapping[str, Lever] = {action: lever for lever, action in _ACTIONS.items()}


class RedisFleet:
    """Judges by the terms of those who run the breakers: an agent has none of its own."""

    def __init__(self, store: BreakerStore) -> None:
        self._store = store

    def changed(self, since: int) -> tuple[int, frozenset[str]]:
        """Name those that changed since a moment, 0 for all there are; and give the next moment."""
        return self._store.changed(since)

    def read(self, names: Sequence[str]) -> Sequence[FleetBreaker]:
        """See how some stand, in the same order, with few round trips."""
        asked = [looking(name, None) for name in names]
        parts = (asked[at : at + AT_ONCE] for at in range(0, len(asked), AT_ONCE))
        return [_seen(standing) for part in parts for standing in self._store.ask_all(part)]

    def history(self, name: str) -> Sequence[Pulled]:
        """Give what operators did to one, newest first."""
        return [_pulled(entry) for entry in self._store.history(name)]

    def transitions(self, name: str) -> Sequence[Transition]:
        """Give how one changed and why, newest first."""
        return [_transition(entry) for entry in self._store.transitions(name)]

    def pull(self, name: str, command: Command) -> FleetBreaker:
        """Do what an operator wants, in every process, and write it down.

        Raises:
            StateConflictError: It has changed since the epoch that the command names.
            BadInputError: The rules cannot be.
        """
        terms = self._checked(name, command.rules) if command.lever is Lever.RULES else None
        control = Control(
            action=_ACTIONS[command.lever],
            by=command.by,
            why=command.reason,
            lasts=_milliseconds(command.lasts),
            expected=ANY_EPOCH if command.epoch is None else command.epoch,
            key=command.key,
            terms=terms,
        )
        standing, done = self._store.control(name, None, control)
        now = _seen(standing)
        if not done:
            raise StateConflictError(
                f"breaker {name!r} has changed since epoch {command.epoch}: it is {now.state} now, "
                f"epoch {now.epoch}; look at it, and ask again with that epoch or without one"
            )
        return now

    def _checked(self, name: str, rules: Mapping[str, float]) -> Mapping[str, float]:
        """Say rules in terms, if they can be together with those of the processes."""
        terms = {rule: _in_terms(rule, value) for rule, value in rules.items()}
        given = self._store.read(name, None).given or {}
        try:
            amended(Rules(), {**given, **terms})
        except ValueError as error:
            raise BadInputError(f"breaker {name!r}: these rules cannot be: {error}") from error
        return terms

    def take_trial(self, name: str) -> tuple[FleetBreaker, Trial | None]:
        """Ask for leave to try what was just mended; None when all trials are taken."""
        token = f"recovery-{uuid.uuid4().hex}"
        standing, lease = self._store.ticket(name, None, token, mended=True)
        if lease is None:
            return _seen(standing), None
        lasts = timedelta(milliseconds=lease.lasts)
        return _seen(standing), Trial(lease.token, lease.epoch, lasts)

    def settle_trial(self, name: str, trial: Trial, *, ok: bool) -> FleetBreaker:
        """Say how a trial went; one that comes too late is ignored."""
        lease = Lease(trial.token, trial.epoch, _milliseconds(trial.lasts))
        return _seen(self._store.settle(name, None, lease, ok=ok)[0])


def _seen(standing: FleetStanding) -> FleetBreaker:
    at = datetime.fromtimestamp(standing.at / 1000, UTC)
    verdict, override = State(standing.state), _LEVERS[standing.mode]
    ends = override is not Lever.NONE and standing.mode_left >= 0
    return FleetBreaker(
        name=standing.name,
        verdict=verdict,
        because=Because(standing.because),
        until=at + timedelta(milliseconds=standing.left) if verdict is State.OPEN else None,
        opened=standing.opened,
        epoch=standing.epoch,
        override=override,
        override_until=at + timedelta(milliseconds=standing.mode_left) if ends else None,
        by=standing.by,
        reason=standing.why,
        calls=standing.calls,
        failed=standing.failed,
        slow=standing.slow,
        members=standing.members,
        failing=standing.failing,
        seen_at=at,
        rules=_rules({**(standing.given or {}), **(standing.terms or {})}),
        changed_rules=_rules(standing.terms or {}),
    )


def _in_terms(rule: str, value: float) -> float:
    if rule not in _DEFAULTS:
        raise BadInputError(f"no rule is named {rule!r}; there are {', '.join(_DEFAULTS)}")
    if rule in DURATIONS:
        return round(value * 1000)
    if isinstance(_DEFAULTS[rule], float):
        return value
    if value != int(value):
        raise BadInputError(f"{rule} counts something: it must be a whole number, not {value:g}")
    return int(value)


def _rules(terms: Mapping[str, float]) -> dict[str, float]:
    return {
        name: value / 1000 if name in DURATIONS else value
        for name, value in terms.items()
        if name in _DEFAULTS
    }


def _transition(entry: Mapping[str, str]) -> Transition:
    return Transition(
        at=_time_of(entry),
        before=State(entry["before"]),
        after=State(entry["after"]),
        because=Because(entry["because"]),
        calls=int(entry["calls"]),
        failed=int(entry["failed"]),
        slow=int(entry["slow"]),
        epoch=int(entry["epoch"]),
    )


def _time_of(entry: Mapping[str, str]) -> datetime:
    return datetime.fromtimestamp(int(entry["id"].partition("-")[0]) / 1000, UTC)


def _pulled(entry: Mapping[str, str]) -> Pulled:
    before = entry["before"]
    lasts = int(entry["for_ms"])
    return Pulled(
        at=_time_of(entry),
        action=_LEVERS[entry["action"]],
        by=entry["by"],
        reason=entry["why"],
        lasts=timedelta(milliseconds=lasts) if lasts else None,
        before=STATES.get(_LEVERS.get(before, Lever.NONE)) or State(before),
        epoch=int(entry["epoch"]),
    )


def _milliseconds(span: timedelta | None) -> int:
    return 0 if span is None else max(1, round(span.total_seconds() * 1000))
