"""Put the work pools and the deployments on the Prefect server; run it as often as you like.

What somebody paused there stays paused, and schedules that somebody added stay.

PREFECT_API_URL=http://127.0.0.1:4200/api python deployments/bootstrap.py
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml
from prefect import get_client
from prefect.cli import app
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import DeploymentSchedule
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound

HOME = Path(__file__).resolve().parents[1]
POOLS = {
    "fastlane": "Carried out inside the agent at once. Pausing this pool stops all acting.",
    "batch": "Training and backtests, also inside the agent. Pausing this pool stops them alone.",
}


async def make_pools() -> None:
    """Create the work pools that are not there yet."""
    async with get_client() as client:
        for name, description in POOLS.items():
            pool = WorkPoolCreate(name=name, type="process", description=description)
            try:
                await client.create_work_pool(pool)
            except ObjectAlreadyExists:
                continue


async def as_they_left_it(content: dict[str, Any]) -> dict[str, Any]:
    """Take over from the server what people paused, and the schedules that they added."""
    async with get_client() as client:
        for deployment in content["deployments"]:
            flow = deployment["entrypoint"].rpartition(".")[2]
            try:
                known = await client.read_deployment_by_name(f"{flow}/{deployment['name']}")
            except ObjectNotFound:
                continue
            active = {one.slug: one.active for one in known.schedules}
            ours: list[dict[str, Any]] = deployment.get("schedules", [])
            for schedule in ours:
                schedule["active"] = active.get(schedule["slug"], schedule["active"])
            added = [as_yaml(one) for one in known.schedules if not one.slug]
            deployment |= {"paused": known.paused, "schedules": ours + added}
    return content


def as_yaml(schedule: DeploymentSchedule) -> dict[str, Any]:
    """Write a schedule of the server as `prefect.yaml` has it."""
    when = schedule.schedule.model_dump(mode="json", exclude_none=True)
    return {**when, "active": schedule.active, "parameters": schedule.parameters}


def deploy(content: dict[str, Any]) -> None:
    """Deploy everything that `content` lists, and end this process.

    Within this process, and not with the program `prefect`: importing it once takes long enough.

    Raises:
        SystemExit: Done; with another code than 0 when it did not work.
    """
    os.environ["HEALING_HOME"] = str(HOME)
    os.environ.setdefault("HEALING_DEPLOYED", "by hand")
    os.chdir(HOME)
    sys.path.insert(0, str(HOME))
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(yaml.safe_dump(content))
        file.flush()
        sys.argv = ["prefect", "--no-prompt", "deploy", "--prefect-file", file.name, "--all"]
        app()


def with_interval(seconds: str | None) -> dict[str, Any]:
    """Read `prefect.yaml`, with the interval of `watch` that the configuration asks for."""
    content = yaml.safe_load((HOME / "deployments" / "prefect.yaml").read_text())
    for deployment in content["deployments"]:
        for schedule in deployment.get("schedules", ()):
            if "interval" in schedule and seconds:
                schedule["interval"] = float(seconds)
    return content


if __name__ == "__main__":
    asyncio.run(make_pools())
    wanted = with_interval(os.environ.get("HEALING_WATCH_EVERY"))
    deploy(asyncio.run(as_they_left_it(wanted)))
