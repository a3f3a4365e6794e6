"""What a look ahead saw, as markdown: the strangest services, and a picture of each finding."""

from collections.abc import Sequence
from dataclasses import dataclass

SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is to be said of one service.

    Attributes:
        score: How strange it is, 0 to 1; None when unknown.
        fails: Probability that it fails within an hour.
        why: What makes it strange, or likely to fail.
        findings: One sentence each.
        picture: A `data:` address; empty when there is none.
    """

    service: str
    score: float | None
    fails: float
    why: str
    findings: Sequence[str] = ()
    picture: str = ""


def look_ahead_report(rows: Sequence[Row]) -> str:
    """Tell what was seen: those with findings first, then the strangest."""
    order = sorted(rows, key=lambda r: (not r.findings, -(r.score or 0.0), -r.fails, r.service))
    head = "| service | strange | fails within an hour | why |\n| --- | --- | --- | --- |"
    body = [
        f"| {cell(r.service)} | {'unknown' if r.score is None else f'{r.score:.3f}'} "
        f"| {r.fails:.1%} | {cell(_said(r))} |"
        for r in order[:SHOWN]
    ]
    pictures = [
        f"## {cell(r.service)}\n\n![{cell(r.service)}]({r.picture})" for r in order if r.picture
    ]
    left = len(rows) - SHOWN
    more = [f"{left} more are less strange."] if left > 0 else []
    meaning = "Strange: 0.5 is one minute in 100, 0.9 one in 1,000, 0.99 one in 10,000."
    table = "\n".join([head, *body])
    return "\n\n".join(["# Looking ahead", table, *more, meaning, *pictures[:SHOWN]]) + "\n"


def _said(row: Row) -> str:
    """Say everything once: what is strange is often what was found."""
    return "; ".join(dict.fromkeys(words for words in (*row.findings, row.why) if words))


def cell(text: str) -> str:
    """Keep what others wrote on one line, and from being read as markup."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("`", "'")
