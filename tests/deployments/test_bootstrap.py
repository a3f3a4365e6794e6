"""Deploying again leaves as it is what people did on the server."""

import os
import subprocess
import sys

from tests.real import ROOT
from tests.real.prefect import PrefectServer


def bootstrap(prefect: PrefectServer, every: str) -> None:
    env = {**os.environ, "PREFECT_API_URL": prefect.url, "HEALING_WATCH_EVERY": every}
    subprocess.run([sys.executable, "deployments/bootstrap.py"], cwd=ROOT, env=env, check=True)


def test_what_was_paused_stays_so_and_what_was_added_stays(prefect: PrefectServer) -> None:
    bootstrap(prefect, "60")
    watch, train = prefect.deployment("watch/fast"), prefect.deployment("train/batch")
    (ahead,), (turns,) = watch["schedules"], train["schedules"]
    prefect.ask("PATCH", f"/deployments/{train['id']}/schedules/{turns['id']}", {"active": False})
    backtest = prefect.deployment("backtest/batch")
    prefect.ask("PATCH", f"/deployments/{backtest['id']}", {"paused": True})
    hourly = {"cron": "5 * * * *", "timezone": "Europe/Berlin", "day_or": True}
    added = [{"active": True, "schedule": hourly, "parameters": {"which": "all"}}]
    prefect.ask("POST", f"/deployments/{train['id']}/schedules", added)

    bootstrap(prefect, "90")

    def of(name: str) -> dict[str | None, tuple[object, object]]:
        schedules = prefect.deployment(name)["schedules"]
        return {one["slug"]: (one["active"], one["schedule"]) for one in schedules}

    assert ahead["schedule"]["interval"] == 60
    active, when = of("watch/fast")["ahead"]
    assert (active, when["interval"]) == (True, 90)
    assert of("train/batch") == {"in-turns": (False, turns["schedule"]), None: (True, hourly)}
    assert prefect.deployment("backtest/batch")["paused"]
    assert not prefect.deployment("train/batch")["paused"]
