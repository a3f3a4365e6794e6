"""Look ahead, once: read what is new, judge it, raise what deserves attention."""

import logging

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.cancelling import cancellable
from healing.instruments import show_only
from healing.names import ServiceName
from healing.policy import Open
from healing.watching import Judgement, shards
from healing.wiring import services
from tasks.reporting import show_what_is_ahead
from tasks.retrying import Do, recorded
from tasks.watching import judge, observe, raise_findings

log = logging.getLogger(__name__)

MOST_NAMED = 10


@flow(name="watch", flow_run_name="look ahead", persist_result=False)
@cancellable
async def watch() -> State:
    """Pull new points from Prometheus, score them, forecast, and open incidents where need be.

    Ends `Completed` with what was seen; a finding is not a failure.
    """
    return Completed(message=await look_ahead(recorded))


async def look_ahead(do: Do) -> str:
    """Look once, and say in one line what was seen."""
    watching = services().watching
    names = [service.name for service in watching.observer.services()]
    show_only(names)
    if not names:
        return "no service has metrics to look at"
    judged, blind, lost = list[Judgement](), 0, list[ServiceName]()
    for shard in shards(names, watching.shard_size):
        # One after the other, and without their history: memory is that of one shard.
        try:
            seen = await do(observe, shard)
            judged += await do(judge, shard, seen)
        except Exception:
            log.exception("shard lost, the others are looked at shard=%s", shard)
            lost += shard.names
            if len(lost) == len(names):
                raise
            continue
        blind += sum(1 for one in seen if one.trouble)
    findings = [finding for judgement in judged for finding in judgement.findings]
    verdicts = await do(raise_findings, judged) if findings else []
    opened = sum(isinstance(verdict, Open) for verdict in verdicts)
    if watching.latest.worth_saying(judged):
        # Only what is new is worth a page: a trouble that goes on would write one each minute.
        await do(show_what_is_ahead, judged)
    words = [f"{len(names)} services", f"{len(findings)} findings", f"{opened} new incidents"]
    if blind:
        words.append(f"{blind} with data that cannot be relied on")
    if lost:
        words.append(f"{len(lost)} could not be looked at: {', '.join(lost[:MOST_NAMED])}")
    return ", ".join(words)
