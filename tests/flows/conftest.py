"""A fleet of services with history and without a Prometheus, for flows to run on."""

import gc
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from prefect.settings import PREFECT_API_URL, PREFECT_LOGGING_TO_API_ENABLED, temporary_settings

from healing.adapters.files import HistoryFiles
from healing.adapters.processes import ProcessHost
from healing.history import History, Mark
from healing.names import IncidentId, ServiceName, SignalName
from healing.settings import load
from healing.wiring import Services, assemble, using
from tests.real import free_port
from tests.real.prefect import PrefectServer

STEP = 300
NAMES = [ServiceName(f"s{n}") for n in range(6)]
METRICS = {"cpu": "cpu", "memory": "memory"}


class Nobody:
    """Recoveries are not what this is about."""

    def launch(self, incident: IncidentId) -> None:
        raise AssertionError(incident)

    def link(self, incident: IncidentId) -> str | None:
        raise AssertionError(incident)


def history(seed: int, rows: int = 600) -> History:
    end = int(time.time()) // STEP
    return History(
        start=(end - rows + 1) * STEP,
        step=STEP,
        signals=(SignalName("cpu"), SignalName("memory")),
        values=np.random.default_rng(seed).normal(9, 1, (rows, 2)).astype(np.float32),
        marks={SignalName(name): Mark(name, end * STEP) for name in METRICS},
    )


@pytest.fixture
def fleet(tmp_path: Path, prefect: PrefectServer) -> Iterator[Services]:
    """Six services with two days of history each, and no Prometheus."""
    config = {
        "predictive_monitoring": {"every": f"{STEP}s", "shard_size": 2},
        "services": {name: {"metrics": METRICS} for name in NAMES},
        "storage": {
            "state_dir": str(tmp_path / "state"),
            "prometheus": {"url": f"http://127.0.0.1:{free_port()}", "timeout": "1s"},
        },
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    store = HistoryFiles(tmp_path / "state" / "history")
    for seed, name in enumerate(NAMES):
        store.save(name, history(seed))
    host = ProcessHost(tmp_path / "processes")
    services = assemble(load(tmp_path / "config.yaml", {}), host, Nobody())
    prefect_settings = {PREFECT_API_URL: prefect.url, PREFECT_LOGGING_TO_API_ENABLED: False}
    with temporary_settings(prefect_settings), using(services):
        yield services
    gc.collect()  # the sockets that Prefect leaves behind, while their warnings are expected
