"""The decision record of one incident, as markdown that both Prefect UIs render."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from healing.incidents import (
    Act,
    Acted,
    Answer,
    Attached,
    Begun,
    Closed,
    Decided,
    Diagnosed,
    Ending,
    Event,
    Gated,
    Incident,
    Intended,
    Looked,
    Opened,
    Outcome,
    Recorded,
    Verified,
)

LOG_LINES = 20


def headline(incident: Incident) -> str:
    """Say in one line what was decided and why: the message of the flow run's last state."""
    act = incident.acts[-1] if incident.acts else None
    if incident.closed is not None:
        match incident.closed.ending:
            case Ending.HEALED if act is not None:
                tries = f", attempt {len(incident.acts)}" if len(incident.acts) > 1 else ""
                return (
                    f"{incident.target} healed by {act.intended.remedy}{tries} "
                    f"{_seconds(incident.to_end)} after the first sign: {_because(incident)}"
                )
            case Ending.ESCALATED:
                return f"{incident.target} needs a person: {incident.closed.detail}"
            case Ending.DRY_RUN if incident.choice and incident.choice.remedy:
                return f"would {incident.choice.remedy} {incident.target}: {_because(incident)}"
            case ending:
                return f"{incident.target}: {_words(ending)}, {incident.closed.detail}"
    if incident.gated is not None and incident.gated.held_by:
        until = _until(incident.gated.until)
        return f"{incident.target} held back: {incident.gated.detail}{until}"
    if incident.choice is not None and incident.choice.answer is Answer.WAIT:
        why = _words(incident.choice.because)
        return f"{incident.target} left alone ({why}): {incident.choice.detail}"
    if act is not None and act.outcome is Outcome.NOT_BEGUN:
        return f"{incident.target} waits for the engine: {act.answer}"
    return f"{incident.target}: {incident.stage}"


def report(incident: Incident, *, link: str = "", chart: str = "") -> str:
    """Tell the whole story: signals, causes, choice, gates, acts, verification, evidence.

    Args:
        incident: Whose story.
        link: Where the live state of the incident is served; left out when empty.
        chart: A picture as a `data:` address; left out when empty.
    """
    parts = [
        f"# {headline(incident)}",
        _facts(incident, link),
        f"![the signal, before and after]({chart})" if chart else "",
        _table("Signals", ("when", "what", "detail"), _signals(incident)),
        _table("Likely causes", ("cause", "confidence", "because"), _causes(incident)),
        _decision(incident),
        *(_act(act, n) for n, act in enumerate(incident.acts, 1)),
        _table("Evidence", ("what", "seen"), ((e.name, e.value) for e in incident.exhibits)),
        _logs(incident),
        _timeline(incident),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def tell(event: Event) -> str:  # noqa: C901 - one case per event
    """Say in one line what an event of an incident was about."""
    match event:
        case Opened(finding=finding) | Attached(finding):
            return f"{_words(finding.kind)}: {finding.detail}"
        case Begun(by):
            return f"taken up by {by}"
        case Looked(seen):
            return "; ".join(f"{e.name}: {e.value}" for e in seen)
        case Diagnosed(causes):
            return ", ".join(f"{_words(c.code)} ({c.confidence:.0%})" for c in causes)
        case Decided(choice):
            return f"{choice.remedy or _words(choice.answer)}: {choice.detail}"
        case Gated(held_by=held_by, detail=detail) if held_by:
            return f"held by {held_by}: {detail}"
        case Gated():
            return "may act"
        case Intended(remedy=remedy, expectation=expectation):
            return f"{remedy}, and then: {expectation}"
        case Acted(outcome=outcome, detail=detail):
            return f"{outcome}: {detail}"
        case Verified(verdict=verdict, detail=detail):
            return f"{verdict}: {detail}"
        case Closed(ending=ending, detail=detail):
            return f"{_words(ending)}: {detail}"
        case Recorded(run=run):
            return f"recorded in flow run {run}"


def _facts(incident: Incident, link: str) -> str:
    rows = [
        ("incident", f"`{incident.id}`" + (f" ([live]({link}))" if link else "")),
        ("service", incident.service),
        ("asked by", incident.by),
        ("first sign", _clock(incident.opened_at)),
        ("acted after", _seconds(incident.to_act)),
        ("over after", _seconds(incident.to_end)),
    ]
    return _table("", ("", ""), rows)


def _signals(incident: Incident) -> Iterable[tuple[str, ...]]:
    return ((_clock(f.at), _words(f.kind), f.detail) for f in incident.findings)


def _causes(incident: Incident) -> Iterable[tuple[str, ...]]:
    return ((_words(c.code), f"{c.confidence:.0%}", "; ".join(c.evidence)) for c in incident.causes)


def _decision(incident: Incident) -> str:
    lines = ["## Decision"]
    if incident.choice is not None:
        choice = incident.choice
        cause = incident.cause.code if choice.remedy and incident.cause else choice.because
        what = choice.remedy or _words(choice.answer)
        lines.append(f"**{what}**, because {_words(cause)}: {_cell(choice.detail)}")
    if incident.gated is not None:
        lines.append(_gates(incident.gated))
    return "\n\n".join(lines) if len(lines) > 1 else ""


def _gates(gated: Gated) -> str:
    passed = ", ".join(gated.passed) or "none"
    if not gated.held_by:
        return f"Gates passed: {passed}."
    why = f"{_words(gated.because or '')}: {_cell(gated.detail)}{_until(gated.until)}"
    return f"Gates passed: {passed}.\n\n**Held by `{gated.held_by}`**, {why}"


def _act(act: Act, number: int) -> str:
    outcome = "its outcome is not known"
    if act.acted is not None:
        outcome = f"{act.outcome} in {_seconds(act.acted.took)}: {_cell(act.answer)}"
    lines = [
        f"## Act {number}: {act.intended.remedy}",
        f"- begun {_clock(act.at)}, {outcome}",
        f"- expected beforehand: {act.intended.expectation}",
    ]
    if act.verified is not None:
        lines.append(f"- verified: **{act.verified.verdict}**, {_cell(act.verified.detail)}")
    return "\n".join((lines[0], "", *lines[1:]))


def _logs(incident: Incident) -> str:
    tail = incident.logs.rstrip().splitlines()[-LOG_LINES:]
    if not tail:
        return ""
    body = "\n".join(tail).replace("```", "'''")
    return f"## Last lines of its output\n\n```text\n{body}\n```"


def _timeline(incident: Incident) -> str:
    begin = incident.opened_at
    rows = [
        (
            _clock(at),
            f"+{(at - begin).total_seconds():.3f} s",
            type(event).__name__,
            tell(event)[:160],
        )
        for at, event in incident.history
    ]
    return _table("Timeline", ("when (UTC)", "after", "what", ""), rows)


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    if not body:
        return ""
    top = f"| {' | '.join(head)} |\n|{' --- |' * len(head)}"
    table = "\n".join((top, *body))
    return f"## {title}\n\n{table}" if title else table


def _because(incident: Incident) -> str:
    return incident.cause.evidence[0] if incident.cause else incident.findings[0].detail


def _cell(text: str) -> str:
    """Keep what others wrote on one line, and from being read as markup."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("```", "'''")


def _words(name: str) -> str:
    return name.replace("_", " ")


def _clock(at: datetime) -> str:
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"


def _until(until: datetime | None) -> str:
    return f" (until {until:%H:%M:%S} UTC)" if until else ""


def _seconds(span: timedelta | None) -> str:
    return "—" if span is None else f"{span.total_seconds():.1f} s"
