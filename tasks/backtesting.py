"""Replay history, and leave what it says."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from prefect import task
from prefect.artifacts import acreate_markdown_artifact

from healing.adapters.recordings import Unread, read_recordings
from healing.backtest import Terms, Verdict, as_markdown, of_history
from healing.backtest import judge as judge_one
from healing.watching import Shard
from healing.wiring import services
from tasks.noting import say_some
from tasks.retrying import READS, named

REPORT = "report-backtest"


@task(name="replay", task_run_name="replay{shard}", **READS)
async def replay(shard: Shard, days: int, terms: Terms) -> list[Verdict]:
    """Replay the history that is kept of each service of a shard."""
    observer = services().watching.observer

    def all_of_it() -> list[Verdict]:
        verdicts = list[Verdict]()
        wanted = set(shard.names)
        for service in observer.services():
            if service.name not in wanted:
                continue
            if (history := observer.histories.load(service.name)) is not None:
                rows = int(timedelta(days=days).total_seconds()) // history.step
                recording = of_history(service.name, history.tail(rows))
                verdicts.append(judge_one(recording, replace(terms, signals=service.signals)))
        return verdicts

    return await asyncio.to_thread(all_of_it)


@task(**named("replay recordings"), **READS)
async def replay_files(path: str, terms: Terms) -> list[Verdict]:
    """Replay the recordings of a file, or of a folder."""

    def all_of_it() -> tuple[list[Verdict], list[str]]:
        verdicts, passed_over = list[Verdict](), list[str]()
        for found in read_recordings(Path(path)):
            if isinstance(found, Unread):
                passed_over.append(f"passed over {found.name}: {found.why}")
            else:
                verdicts.append(judge_one(found, terms))
        return verdicts, passed_over

    verdicts, passed_over = await asyncio.to_thread(all_of_it)
    say_some(passed_over)
    return verdicts


@task(**named("write the report"), **READS)
async def write_backtest(verdicts: Sequence[Verdict]) -> None:
    """Keep the figures as one artifact, in a timeline of all backtests."""
    await acreate_markdown_artifact(
        key=REPORT,
        markdown=as_markdown(verdicts),
        description=f"backtest of {len(verdicts)} recordings",
    )
