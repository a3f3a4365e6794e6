"""Write the decision record, and retell what was done without Prefect."""

import re
from collections.abc import Sequence
from datetime import datetime

from prefect import get_client, get_run_logger, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.runtime import flow_run

from healing.finding import Kind
from healing.incidents import Incident
from healing.incidents.events import Event
from healing.report import (
    Lesson,
    Row,
    Shown,
    headline,
    look_ahead_report,
    report,
    tell,
    training_report,
)
from healing.watching import Judgement, Learned, Result, summary
from healing.wiring import services
from tasks.retrying import READS, named


@task(**named("write the report"), **READS)
async def write_report(incident: Incident, live: bool) -> None:  # noqa: FBT001 - a task argument
    """Keep the whole story as one artifact, in the timeline of its service; label the run."""
    api = services().settings.api
    link = f"http://{api.host}:{api.port}/incidents/{incident.id}"
    await acreate_markdown_artifact(
        key=artifact_key(incident.service),
        markdown=report(incident, link=link, chart=_picture(incident)),
        description=headline(incident),
    )
    async with get_client() as client:
        await client.update_flow_run(
            flow_run.id, name=run_name(incident), tags=tags(incident, live=live)
        )


def _picture(incident: Incident) -> str:
    """Give the picture of the finding that began it; none when no look ahead did."""
    first = incident.findings[0]
    if first.kind not in {Kind.EXHAUSTION, Kind.ANOMALY}:
        return ""
    # What was found is drawn at the time of the look, which is not before the newest sample.
    return services().watching.latest.picture(incident.service, first.kind, since=first.at)


@task(**named("show what is ahead"), **READS)
async def show_what_is_ahead(judged: Sequence[Judgement]) -> None:
    """Keep a table of the strangest services, and a picture of each finding."""
    rows = [
        Row(
            service=one.service,
            score=one.score,
            fails=one.prognosis.within_the_hour,
            why=one.why or one.prognosis.why,
            findings=[finding.detail for finding in one.findings],
            picture=one.picture,
        )
        for one in judged
    ]
    found = ", ".join(one.service for one in judged if one.findings)
    await acreate_markdown_artifact(
        key="looking-ahead", markdown=look_ahead_report(rows), description=f"found: {found}"
    )


@task(**named("write the report"), **READS)
async def write_training(learned: Sequence[Learned], failures: str) -> None:
    """Keep what was learnt as one artifact, in a timeline of all training."""
    lessons = [
        Lesson(
            service=one.service,
            result=one.result,
            why=one.detail,
            version=one.version,
            champion=Shown(one.duel.champion.found, one.duel.champion.false) if one.duel else None,
            challenger=Shown(one.duel.challenger.found, one.duel.challenger.false)
            if one.duel
            else None,
        )
        for one in learned
        if one.result is not Result.NOT_DUE
    ]
    if lessons:
        await acreate_markdown_artifact(
            key="report-training",
            markdown=training_report(lessons, failures),
            description=summary(learned),
        )


async def retell(incident: Incident) -> None:
    """Tell each step of what was done without Prefect, with the true times."""
    for at, event in incident.history:
        await _retold(at, event)


@task(name="retold", task_run_name="{at:%H:%M:%S} {event.__class__.__name__}", **READS)
async def _retold(at: datetime, event: Event) -> None:
    get_run_logger().info("%s %s", f"{at:%H:%M:%S.%f}", tell(event))


def artifact_key(service: str) -> str:
    """Make the artifact key of a service: lower-case letters, digits and dashes."""
    return f"report-{re.sub(r'[^a-z0-9]+', '-', service.lower()).strip('-') or 'unnamed'}"


def run_name(incident: Incident) -> str:
    """Name the run as an operator would: what, why, which incident."""
    cause = incident.cause.code if incident.cause else incident.findings[0].kind
    return f"recover {incident.service}: {cause.replace('_', ' ')} #{incident.id}"


def tags(incident: Incident, *, live: bool = True) -> list[str]:
    """Tag the run by service, cause, outcome, who asked, and whether it is told afterwards."""
    cause = incident.cause.code if incident.cause else incident.findings[0].kind
    outcome = incident.closed.ending if incident.closed else "held"
    told = [] if live else ["offline"]
    said = [f"cause:{cause}", f"outcome:{outcome}", f"by:{incident.by}"]
    return ["healing", incident.service, *said, *told]
