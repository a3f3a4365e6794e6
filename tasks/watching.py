"""Look ahead: read what is new, judge it, say it."""

import asyncio
from collections.abc import Sequence

from prefect import task

from healing.instruments import show_judgement
from healing.policy import Triage
from healing.watching import Judgement, Observed
from healing.wiring import services
from tasks.noting import say
from tasks.retrying import ACTS, READS, named


@task(**named("read what is new"), **READS)
async def observe() -> list[Observed]:
    """Read the new points of every service, and keep them."""
    watching = services().watching
    seen = await asyncio.to_thread(watching.observer.observe, watching.observer.services())
    for one in seen:
        if one.trouble:
            say(f"{one.service.name}: {one.trouble}")
    return seen


@task(**named("judge"), **READS)
async def judge(seen: Sequence[Observed]) -> list[Judgement]:
    """Score each service, and forecast what can run out."""
    judge_one = services().watching.seer.judge
    judged = [await asyncio.to_thread(judge_one, one) for one in seen]
    for judgement in judged:
        show_judgement(judgement)
    return judged


@task(**named("raise findings"), **ACTS)
async def raise_findings(judged: Sequence[Judgement]) -> list[Triage]:
    """Say what deserves attention; incidents begin here."""
    notice = services().dispatch.notice
    verdicts: list[Triage] = []
    for finding in (finding for judgement in judged for finding in judgement.findings):
        verdicts.append(await asyncio.to_thread(notice, finding))
        say(f"{finding.service}: {finding.detail} ({verdicts[-1].because})")
    return verdicts
