"""From a real server to a finding, in the order in which a watch goes."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from healing.adapters.files import HistoryFiles, ModelFiles
from healing.adapters.prometheus import PrometheusSource
from healing.anomaly import SCHEMA, fit, from_arrays, lasting, reasons, score, to_arrays
from healing.forecast import forecast_exhaustion
from healing.history import Grid, absorb, freshness, what_to_read
from healing.names import ServiceName, SignalName
from healing.ports import Manifest, StoredModel
from healing.services import Signal
from tests.metrics import EPOCH, MIB, NOON, ordinary
from tests.real.prometheus import MakePrometheus, openmetrics

pytestmark = pytest.mark.real("prometheus")

WORKER = ServiceName("worker")
STEP = 10
QUIET = 6 * 360
GRID = Grid(step=timedelta(seconds=STEP), keep=timedelta(days=1))
MEMORY = Signal(
    name=SignalName("memory"),
    query='memory_bytes{service="worker"}',
    unit="bytes",
    capacity='memory_limit_bytes{service="worker"}',
)
CPU = Signal(name=SignalName("cpu"), query='cpu{service="worker"}')


def test_a_leak_is_strange_and_its_end_is_foreseen(
    make_prometheus: MakePrometheus, tmp_path: Path
) -> None:
    times = EPOCH + STEP * np.arange(-QUIET, 13)
    columns = ordinary(len(times), step=STEP)
    columns["memory"][QUIET:] += 1.5 * MIB * STEP * np.arange(13)
    server = make_prometheus(
        openmetrics(
            {
                MEMORY.query: (times, columns["memory"]),
                CPU.query: (times, columns["cpu"]),
                str(MEMORY.capacity): (times, np.full(len(times), 256 * MIB)),
            }
        )
    )
    source, signals = PrometheusSource(server.url), (CPU, MEMORY)
    histories = HistoryFiles(tmp_path / "histories")
    models = ModelFiles(tmp_path / "models", key=bytes(32))

    readings = source.read(what_to_read(None, signals, now=NOON, grid=GRID))
    history = absorb(None, readings, signals=signals, now=NOON, grid=GRID)
    histories.save(WORKER, history)
    trained = fit(history, seed=1)
    manifest = Manifest(
        kind="anomaly",
        schema=SCHEMA,
        code_version="0",
        made_at=NOON,
        data_from=NOON,
        data_until=NOON,
        signals=trained.signals,
    )
    models.save(WORKER, StoredModel(manifest, to_arrays(trained)))

    told = dict[str, tuple[int, str]]()
    for seconds in range(0, 130, 10):
        now = NOON + timedelta(seconds=seconds)
        known = histories.load(WORKER)
        reads = what_to_read(known, signals, now=now, grid=GRID)
        readings = source.read(reads)
        history = absorb(known, readings, signals=signals, now=now, grid=GRID)
        histories.save(WORKER, history)
        assert all(
            one.is_fresh for one in freshness(history, readings, now=now, grid=GRID).values()
        )
        assert known is not None
        assert {(read.end - read.start) // STEP for read in reads} <= {30, 31}

        model = from_arrays(models.load(WORKER).arrays)
        scores = score(model, history, newest=5)
        if lasting(scores.values, at_least=0.9)[-1]:
            first, *_ = reasons(model, history, scores)
            told.setdefault("anomaly", (seconds, first.sentence(MEMORY.unit)))
        outlook = forecast_exhaustion(
            history, MEMORY.name, 256 * MIB, now=now, window=timedelta(minutes=30), unit="bytes"
        )
        if outlook.exhausts:
            told.setdefault("exhaustion", (seconds, outlook.reason))

    assert set(told) == {"anomaly", "exhaustion"}
    assert told["anomaly"][0] <= 40
    assert told["anomaly"][1].startswith("memory ")
    assert told["exhaustion"][0] <= 40
    assert "of 256 MiB and has grown by" in told["exhaustion"][1]
