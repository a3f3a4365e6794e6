"""Verdicts taken together, and told to a person and to a program."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from healing.backtest.episodes import Outcome
from healing.backtest.exhaustion import Foretold
from healing.backtest.judge import Verdict, Worth

MIB = 2**20
READ_SO = (
    "Each row is judged by what was known before it. In brackets: a random score, the same alarms "
    "thrown anywhere, and `predict_linear` over six hours."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What all recordings together say. Averages are over recordings, rates over episodes."""

    recordings: int
    labelled: int
    ours: Worth
    random: Worth
    foretold: Foretold
    linear: Foretold
    cpu_seconds: float
    memory_bytes: int


def summarize(verdicts: Sequence[Verdict]) -> Summary:
    """Take verdicts together."""
    return Summary(
        recordings=len(verdicts),
        labelled=sum(verdict.labelled for verdict in verdicts),
        ours=_together([verdict.ours for verdict in verdicts]),
        random=_together([verdict.random for verdict in verdicts]),
        foretold=reduce(add, (verdict.foretold for verdict in verdicts), Foretold()),
        linear=reduce(add, (verdict.linear for verdict in verdicts), Foretold()),
        cpu_seconds=sum(verdict.cpu_seconds for verdict in verdicts),
        memory_bytes=max((verdict.memory_bytes for verdict in verdicts), default=0),
    )


def as_table(verdicts: Sequence[Verdict]) -> list[dict[str, str]]:
    """Lay verdicts out, one row each and one for all of them; numbers as people read them."""
    rows = [_row(verdict.name, verdict.ours, verdict.random, verdict) for verdict in verdicts]
    return rows if len(verdicts) == 1 else rows + _only_all(summarize(verdicts))


def as_text(verdicts: Sequence[Verdict]) -> str:
    """Tell verdicts in a plain table."""
    rows = as_table(verdicts)
    heads = list(rows[0])
    widths = {head: max(len(head), *(len(row[head]) for row in rows)) for head in heads}
    lines = ["  ".join(head.ljust(widths[head]) for head in heads)]
    lines += ["  ".join(row[head].ljust(widths[head]) for head in heads) for row in rows]
    lines += [f"{verdict.name}: {verdict.note}" for verdict in verdicts if verdict.note]
    return "\n".join(line.rstrip() for line in lines)


def as_markdown(verdicts: Sequence[Verdict], *, most: int = 50) -> str:
    """Tell verdicts as a page: the whole first, then the noisiest, no more than `most` of them."""
    total = summarize(verdicts)
    worst = sorted(verdicts, key=lambda verdict: -_episodes(verdict))[:most]
    rows = as_table(worst) if len(verdicts) == 1 else [*_only_all(total), *as_table(worst)[:most]]
    heads = list(rows[0])
    lines = [
        "# What our alarms and forecasts would have been worth",
        "",
        f"{total.recordings} recordings, {total.labelled} of them with known events. {READ_SO}",
        "",
        f"| {' | '.join(heads)} |",
        f"|{' --- |' * len(heads)}",
        *(f"| {' | '.join(row.values())} |" for row in rows),
        "",
        *(f"- {verdict.name}: {verdict.note}" for verdict in verdicts[:most] if verdict.note),
    ]
    return "\n".join(lines).rstrip() + "\n"


def as_json(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Tell verdicts to a program; a number that is not known is null."""
    total = summarize(verdicts)
    return {
        "recordings": [
            {
                "name": verdict.name,
                "signals": verdict.signals,
                "rows": verdict.rows,
                "labelled": verdict.labelled,
                "scored": _number(verdict.scored),
                "note": verdict.note,
                **_facts(verdict.ours, verdict.random, verdict),
            }
            for verdict in verdicts
        ],
        "all": {
            "recordings": total.recordings,
            "labelled": total.labelled,
            **_facts(total.ours, total.random, total),
        },
    }


def _only_all(total: Summary) -> list[dict[str, str]]:
    return [_row(f"all {total.recordings}", total.ours, total.random, total)]


def _episodes(verdict: Verdict) -> int:
    return verdict.ours.outcome.episodes if verdict.ours else 0


def _together(worths: Sequence[Worth | None]) -> Worth:
    known = [worth for worth in worths if worth is not None]
    areas = [worth.vus_pr for worth in known if math.isfinite(worth.vus_pr)]
    return Worth(
        vus_pr=float(np.mean(areas)) if areas else float("nan"),
        outcome=reduce(add, (worth.outcome for worth in known), Outcome()),
    )


def _row(
    name: str, ours: Worth | None, random: Worth | None, of: Verdict | Summary
) -> dict[str, str]:
    ours, random = ours or Worth(), random or Worth()
    told, linear = of.foretold, of.linear
    return {
        "recording": name,
        "VUS-PR": _beside(ours.vus_pr, random.vus_pr),
        "precision": _beside(ours.outcome.precision, random.outcome.precision),
        "recall": _beside(ours.outcome.recall, random.outcome.recall),
        "false/day": _said(ours.outcome.false_per_day),
        "delay s": _said(ours.outcome.delay, digits=0),
        "full: false/day": _beside(told.false_per_day, linear.false_per_day),
        "full: recall": _beside(told.recall, linear.recall),
        "full: lead s": _beside(told.lead, linear.lead, digits=0),
        "full: error": _beside(told.error, linear.error),
        "full: in 80 %": _said(told.coverage),
        "CPU s": _said(of.cpu_seconds, digits=1),
        "MiB": f"{of.memory_bytes / MIB:.0f}",
    }


def _facts(ours: Worth | None, random: Worth | None, of: Verdict | Summary) -> dict[str, Any]:
    return {
        "anomaly": None if ours is None else _worth(ours),
        "random": None if random is None else _worth(random),
        "exhaustion": _foretold(of.foretold) if of.foretold.points else None,
        "predict_linear": _foretold(of.linear) if of.linear.points else None,
        "cpu_seconds": _number(of.cpu_seconds),
        "peak_memory_bytes": of.memory_bytes,
    }


def _worth(worth: Worth) -> dict[str, Any]:
    outcome = worth.outcome
    return {
        "vus_pr": _number(worth.vus_pr),
        "event_precision": _number(outcome.precision),
        "event_recall": _number(outcome.recall),
        "events": outcome.events,
        "episodes": outcome.episodes,
        "false_episodes": outcome.episodes - outcome.true_episodes,
        "false_episodes_per_series_day": _number(outcome.false_per_day),
        "median_delay_seconds": _number(outcome.delay),
        "series_days": _number(outcome.days),
    }


def _foretold(told: Foretold) -> dict[str, Any]:
    return {
        "points": told.points,
        "due": told.due,
        "recall": _number(told.recall),
        "fills": told.fills,
        "fills_told": len(told.leads),
        "median_lead_seconds": _number(told.lead),
        "false_points": told.false_points,
        "false_episodes": told.false_episodes,
        "false_episodes_per_series_day": _number(told.false_per_day),
        "median_relative_error": _number(told.error),
        "coverage_of_80": _number(told.coverage),
        "errors_counted": len(told.errors),
    }


def _number(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None


def _said(value: float, *, digits: int = 3) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "-"


def _beside(value: float, other: float, *, digits: int = 3) -> str:
    if not math.isfinite(value):
        return "-"
    return f"{_said(value, digits=digits)} ({_said(other, digits=digits)})"
