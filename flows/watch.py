"""Look ahead, once: read what is new, judge it, raise what deserves attention."""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from healing.policy import Open
from tasks.retrying import Do, recorded
from tasks.watching import judge, observe, raise_findings


@flow(name="watch", flow_run_name="look ahead", persist_result=False)
async def watch() -> State:
    """Pull new points from Prometheus, score them, forecast, and open incidents where need be.

    Ends `Completed` with what was seen; a finding is not a failure.
    """
    return Completed(message=await look_ahead(recorded))


async def look_ahead(do: Do) -> str:
    """Look once, and say in one line what was seen."""
    seen = await do(observe)
    if not seen:
        return "no service has metrics to look at"
    judged = await do(judge, seen)
    findings = [finding for judgement in judged for finding in judgement.findings]
    verdicts = await do(raise_findings, judged) if findings else []
    opened = sum(isinstance(verdict, Open) for verdict in verdicts)
    blind = sum(1 for one in seen if one.trouble)
    words = [f"{len(seen)} services", f"{len(findings)} findings", f"{opened} new incidents"]
    return ", ".join(words + ([f"{blind} with data that cannot be relied on"] if blind else []))
