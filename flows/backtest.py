"""Replay history as it happened, and say what would have been said."""

from datetime import timedelta
from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from flows.cancelling import cancellable
from healing.backtest import Terms, Verdict
from healing.names import ServiceName
from healing.watching import shards
from healing.wiring import services
from tasks.backtesting import replay, replay_files, write_backtest
from tasks.retrying import recorded


@flow(name="backtest", flow_run_name="replay history", persist_result=False)
@cancellable
async def backtest(
    service: str | None = None,
    days: Annotated[int, Field(ge=1, le=365)] = 14,
    sensitivity: Annotated[float, Field(ge=0, le=1)] | None = None,
    recordings: str | None = None,
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0,
) -> State:
    """Judge each row of history by what was known before it, and write a report.

    Try a sensitivity here before it is configured: nothing is acted upon.

    Args:
        service: Only this one. Empty: all of them.
        days: How much of the history that is kept.
        sensitivity: From 0 (hardly ever an alarm) to 1 (many). Empty: as configured.
        recordings: A file or a folder of recordings to replay in place of the history that is kept.
        seed: The same history and seed give the same report.
    """
    monitoring = services().settings.predictive_monitoring
    configured = monitoring.anomaly_detection.sensitivity
    terms = Terms(
        sensitivity=configured if sensitivity is None else sensitivity,
        window=max(monitoring.metrics.resource_usage.prediction_window, timedelta(hours=1)),
        seed=seed,
    )
    verdicts: list[Verdict] = []
    if recordings:
        verdicts = await recorded(replay_files, recordings, terms)
    else:
        names = [one.name for one in services().watching.observer.services()]
        if service:
            names = [services().roll.now.service(ServiceName(service)).name]
        for shard in shards(names, services().watching.shard_size):
            verdicts += await recorded(replay, shard, days, terms)
    if not verdicts:
        return Completed(name="NothingToDo", message="there is no history to replay yet")
    await recorded(write_backtest, verdicts)
    return Completed(message=_in_short(verdicts))


def _in_short(verdicts: list[Verdict]) -> str:
    judged = [verdict.ours.outcome for verdict in verdicts if verdict.ours is not None]
    episodes = sum(outcome.episodes for outcome in judged)
    days = sum(outcome.days for outcome in judged)
    rate = f", {episodes / days:.2g} a day each" if days else ""
    skipped = len(verdicts) - len(judged)
    words = f"{len(judged)} replayed over {days:.0f} days in all: {episodes} alarms{rate}"
    return words + (f"; {skipped} had too little history" if skipped else "")
