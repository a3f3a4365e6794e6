"""SQL of a `database` action. It is recognised, never sent."""

import itertools
import re
from dataclasses import replace
from datetime import timedelta

from healing.settings.actions import (
    ResetPool,
    RunHealthCheck,
    SessionState,
    TerminateIdleSessions,
)
from healing.settings.commands.words import Understood
from healing.units import read_duration, shown

FORMS = (
    (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle' "
        "[AND state_change < now() - interval '5 minutes'] "
        "[AND datname|usename|application_name = '...']"
    ),
    "RECONNECT [DATABASE] (of a PgBouncer)",
    "SELECT 1",
)

_TERMINATE = re.compile(
    r"select\s+pg_terminate_backend\(\s*(?:\w+\.)?pid\s*\)"
    r"\s+from\s+(?:pg_catalog\.)?pg_stat_activity(?:\s+(?:as\s+)?(?!where\b)\w+)?"
    r"(?:\s+where\s+(?P<where>.+))?",
    re.IGNORECASE | re.DOTALL,
)
_LITERAL = r"'(?P<value>[^'{}]*)'"
_FIELD = re.compile(
    rf"(?:\w+\.)?(?P<field>state|datname|usename|application_name)\s*=\s*{_LITERAL}", re.IGNORECASE
)
_STATES = re.compile(
    r"(?:\w+\.)?state\s+in\s*\((?P<values>\s*'[^']*'(?:\s*,\s*'[^']*')*\s*)\)", re.IGNORECASE
)
_AGE = re.compile(
    r"(?:\w+\.)?(?:state_change|query_start|xact_start)\s*<=?\s*"
    rf"(?:now\(\)|current_timestamp)\s*-\s*(?:interval\s+{_LITERAL}|'(?P<cast>[^']*)'::interval)",
    re.IGNORECASE,
)
_OURSELVES = re.compile(r"(?:\w+\.)?pid\s*(?:<>|!=)\s*pg_backend_pid\(\)", re.IGNORECASE)
_THIS_DATABASE = re.compile(r"(?:\w+\.)?datname\s*=\s*current_database\(\)", re.IGNORECASE)
_NARROWED = (
    "ended every session that matched, at once; becomes: at most {most} sessions a round, idle for "
    "{minutes:g} minutes or more, never superusers, replication or maintenance"
)


def statement_of(argv: tuple[str, ...]) -> str | None:
    """Find the statement after `psql ... -c`; None when there is none."""
    for option, value in itertools.pairwise(argv):
        if option in {"-c", "--command"}:
            return value
    return None


def understand(statement: str) -> Understood | None:
    """Understand one statement; None when it is no form there is.

    Raises:
        ValueError: It is one of the forms, with a condition that would be lost.
    """
    text = re.sub(r"\s+", " ", statement).strip().removesuffix(";").strip()
    if ";" in text or "--" in text or "/*" in text:
        raise ValueError("one statement, without comments")
    if re.fullmatch(r"select 1", text, re.IGNORECASE):
        return Understood((RunHealthCheck(),))
    if pool := re.fullmatch(r"reconnect(?: (?P<database>\w+))?", text, re.IGNORECASE):
        return Understood((ResetPool(database=pool["database"]),))
    if found := _TERMINATE.fullmatch(text):
        action = _conditions(found["where"] or "")
        minutes = action.idle_for / timedelta(minutes=1)
        return Understood((action,), _NARROWED.format(most=action.at_most, minutes=minutes))
    return None


def _conditions(where: str) -> TerminateIdleSessions:
    """Read the conditions one by one; one that is not understood would widen the action."""
    action = TerminateIdleSessions()
    for condition in re.split(r"\s+and\s+", where, flags=re.IGNORECASE) if where else ():
        action = _with(action, condition.strip())
    return action


def _with(action: TerminateIdleSessions, condition: str) -> TerminateIdleSessions:
    if _OURSELVES.fullmatch(condition) or _THIS_DATABASE.fullmatch(condition):
        return action
    if found := _AGE.fullmatch(condition):
        return replace(action, idle_for=read_duration(found["value"] or found["cast"] or ""))
    if found := _STATES.fullmatch(condition):
        return replace(action, states=tuple(map(_state, re.findall(r"'([^']*)'", found["values"]))))
    if found := _FIELD.fullmatch(condition):
        value = found["value"]
        match found["field"].lower():
            case "state":
                return replace(action, states=(_state(value),))
            case "datname":
                return replace(action, database=value)
            case "usename":
                return replace(action, user=value)
            case _:
                return replace(action, application=value)
    raise ValueError(f"the condition {shown(condition)} is not understood")


def _state(word: str) -> SessionState:
    try:
        return SessionState(word.lower())
    except ValueError:
        raise ValueError(
            f"sessions in state {shown(word)} are never ended: only idle ones"
        ) from None
