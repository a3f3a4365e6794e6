"""Put the work pools and the deployments on the Prefect server; run it as often as you like.

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
from prefect.exceptions import ObjectAlreadyExists

HOME = Path(__file__).resolve().parents[1]
POOLS = {
    "fastlane": "Carried out inside the agent at once. Pausing this pool stops all acting.",
    "batch": "Training and reports: a worker when there is one, otherwise the agent.",
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


def deploy() -> None:
    """Deploy everything that `prefect.yaml` lists, and end this process.

    Within this process, and not with the program `prefect`: importing it once takes long enough.

    Raises:
        SystemExit: Done; with another code than 0 when it did not work.
    """
    os.environ["HEALING_HOME"] = str(HOME)
    os.environ.setdefault("HEALING_DEPLOYED", "by hand")
    os.chdir(HOME)
    sys.path.insert(0, str(HOME))
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(yaml.safe_dump(with_interval(os.environ.get("HEALING_WATCH_EVERY"))))
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
    deploy()
