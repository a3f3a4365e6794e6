"""Look ahead: read what is new, judge it, say it."""

import asyncio
from collections.abc import Sequence

from prefect import task

from healing.instruments import show_age, show_judgement
from healing.policy import Triage
from healing.watching import Judgement, Observed, Shard, beyond_chance
from healing.wiring import services
from tasks.noting import say, say_some
from tasks.retrying import ACTS, READS, named


@task(name="read what is new", task_run_name="read what is new{shard}", **READS)
async def observe(shard: Shard) -> list[Observed]:
    """Read the new points of every service of a shard, and keep them."""
    observer = services().watching.observer
    wanted = set(shard.names)
    mine = [service for service in observer.services() if service.name in wanted]
    seen = await asyncio.to_thread(observer.observe, mine)
    for one in seen:
        show_age(one)
    say_some([f"{one.service.name}: {one.trouble}" for one in seen if one.trouble])
    return seen


@task(name="judge", task_run_name="judge{shard}", **READS)
async def judge(shard: Shard, seen: Sequence[Observed]) -> list[Judgement]:  # noqa: ARG001 it names the run
    """Score each service of a shard, and forecast what can run out."""
    watching = services().watching
    before = [watching.latest.before(one.service.name) for one in seen]
    judged = await asyncio.to_thread(watching.seer.judge_all, seen, before)
    judged = beyond_chance(judged, fleet=len(watching.observer.services()))
    for judgement, last in zip(judged, before, strict=True):
        show_judgement(judgement, last)
    watching.latest.take(judged)
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
