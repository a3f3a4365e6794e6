"""A Prometheus of the demo's own: a past to learn from, and the shop scraped every two seconds."""

import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import requests
import yaml

from deployments.demo.packages import find_program
from deployments.demo.past import Exposition, Watched, read_exposition, write_past
from deployments.demo.ports import LOOPBACK, NothingFreeError, take
from healing.adapters.processes import ProcessHost, Program
from healing.names import InstanceName

NAME = InstanceName("prometheus")
PORTS = range(19090, 19190)
SCRAPES_EVERY = "2s"
READY_WITHIN = 30.0
BACKFILL_TAKES = 120
MEASURED_FOR = timedelta(seconds=6)
SEED = 20260101


class MonitoringError(Exception):
    """Prometheus could not be started."""


@dataclass(frozen=True, slots=True)
class Target:
    """One program to be scraped: its address, and the labels it gets."""

    address: str
    labels: Mapping[str, str]


class Monitoring:
    """One Prometheus server, started and gone with the demo.

    Args:
        home: Its configuration, data and logs; the data of an earlier demo is thrown away.
        targets: What to scrape.
    """

    def __init__(self, home: Path, targets: list[Target]) -> None:
        self._home = home
        self._targets = targets
        self._host = ProcessHost(home / "supervised")
        self._data = home / "data"
        self.url = ""

    def up(self, *, lasts: timedelta) -> None:
        """Write a past that lasts so long, and start to scrape."""
        shutil.rmtree(self._data, ignore_errors=True)
        self._data.mkdir(parents=True)
        self._backfill(lasts)
        config = self._home / "prometheus.yml"
        config.write_text(yaml.safe_dump(self._config(), sort_keys=False))
        port = next((p for p in PORTS if take(LOOPBACK, p)), None)
        if port is None:
            raise NothingFreeError(f"no free port from {PORTS[0]} to {PORTS[-1]}")
        argv = (
            find_program("prometheus") or "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={self._data}",
            f"--web.listen-address={LOOPBACK}:{port}",
            "--log.level=warn",
        )
        self._host.up([Program(name=NAME, argv=argv, cwd=str(self._home))])
        self.url = f"http://{LOOPBACK}:{port}"
        self._wait()

    def down(self) -> None:
        """Stop it, and throw its data away."""
        self._host.down()
        shutil.rmtree(self._data, ignore_errors=True)

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Ask for the value of a PromQL expression now."""
        answer = requests.get(f"{self.url}/api/v1/query", params={"query": query}, timeout=5)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["data"]["result"]
        return found

    def _backfill(self, lasts: timedelta) -> None:
        """Measure the shop as it is now and write its past into the store."""
        before = [_look(target) for target in self._targets]
        time.sleep(MEASURED_FOR.total_seconds())
        watched = [
            Watched({"job": "shop", **target.labels}, first, _look(target))
            for target, first in zip(self._targets, before, strict=True)
        ]
        file = self._home / "past.om"
        with file.open("w") as past:
            past.writelines(write_past(watched, lasts=lasts, rng=np.random.default_rng(SEED)))
        promtool = find_program("promtool") or "promtool"
        done = subprocess.run(
            [promtool, "tsdb", "create-blocks-from", "openmetrics", str(file), str(self._data)],
            capture_output=True,
            text=True,
            timeout=BACKFILL_TAKES,
            check=False,
        )
        if done.returncode:
            raise MonitoringError(f"promtool could not write the past: {done.stderr[-500:]}")
        file.unlink()

    def _config(self) -> dict[str, Any]:
        static = [{"targets": [t.address], "labels": dict(t.labels)} for t in self._targets]
        return {
            "global": {"scrape_interval": SCRAPES_EVERY, "scrape_timeout": "1s"},
            "scrape_configs": [{"job_name": "shop", "static_configs": static}],
        }

    def _wait(self) -> None:
        """Wait until everything was scraped once."""
        deadline = time.monotonic() + READY_WITHIN
        up: list[dict[str, Any]] = []
        while time.monotonic() < deadline:
            try:
                up = self.ask("count(up == 1)")
                if up and float(up[0]["value"][1]) == len(self._targets) and self._is_live():
                    return
            except (OSError, KeyError):
                pass
            time.sleep(0.2)
        raise MonitoringError(
            f"Prometheus did not scrape everything within {READY_WITHIN:g} s (up: {up}): "
            f"{self._host.logs(NAME, lines=5)}"
        )

    def _is_live(self) -> bool:
        """Tell whether what it answers is scraped, and not of the past we wrote."""
        return bool(self.ask("count(time() - timestamp(up) < 5)"))


def _look(target: Target) -> Exposition:
    answer = requests.get(f"http://{target.address}/metrics", timeout=5)
    return read_exposition(answer.text, datetime.now(UTC))
