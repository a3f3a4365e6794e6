"""What does a fleet cost? 1,000 and 10,000 series, 14 days at 5 minutes, on two cores.

    python -m benchmarks.fleet [prometheus | look]

Learning runs in two processes, as `train` does on Dask; scoring in one, as `watch` does. Beside it,
on a sample that is multiplied up (and says so): one Isolation Forest of scikit-learn per series,
and Prophet and AutoETS of statsforecast where they are installed. Then a real Prometheus
with 1,000 backfilled series: the first pull, the next one, and a whole look ahead; and looks ahead
at 10,000 series whose history is on disk already. With `prometheus` or `look` only that.
"""

import asyncio
import importlib.util
import io
import math
import multiprocessing
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from flows.watch import look_ahead
from healing import anomaly
from healing.adapters.processes import ProcessHost
from healing.forecast import forecast
from healing.history import History, Mark
from healing.names import IncidentId, SignalName
from healing.ports import StoredModel
from healing.settings import load
from healing.watching import shards
from healing.wiring import Services, assemble, using
from tasks.retrying import unrecorded
from tests.real import free_port
from tests.real.prometheus import Prometheus

STEP = 300
DAYS = 14
ROWS = DAYS * 86_400 // STEP
PER_SERVICE = 10
SIGNALS = tuple(SignalName(f"s{n}") for n in range(PER_SERVICE))
CORES = 2
SAMPLE = 25
SLOW_SAMPLE = 5
AHEAD = 288
"""Rows of a forecast: a day."""
NEWEST = 5
RECENT = 2 * 86_400 // STEP
"""Rows at hand when a fleet is scored: more than a score looks back."""
KINDS = 50
GIB = 2**30
CAN_RUN_OUT, FULL = 2, 10_000.0
"""How many signals of a service have a capacity, as memory and disk do, and which."""


def main() -> None:
    """Measure everything, or only what is named."""
    wanted = sys.argv[1:] or ["models", "prometheus", "look"]
    if "models" in wanted:
        for series in (1_000, 10_000):
            models(series)
        others()
    if "prometheus" in wanted:
        on_prometheus(services=100)
    if "look" in wanted:
        looks(services=1_000)


# --- models ---------------------------------------------------------------------------------------


def history_of(service: int, rows: int = ROWS, *, end: int = ROWS * STEP) -> History:
    """Make two weeks of ten signals with a daily shape, noise, bursts and a gap."""
    rng = np.random.default_rng(service)
    times = end - STEP * np.arange(rows - 1, -1, -1)
    day = 2 * np.pi * (times[:, None] / 86_400 + rng.random(PER_SERVICE))
    level, size = rng.uniform(20, 900, PER_SERVICE), rng.uniform(0, 0.5, PER_SERVICE)
    values = level * (1 + size * np.sin(day) + rng.normal(0, 0.03, (rows, PER_SERVICE)))
    values[rng.integers(0, rows, 12)] *= 1.5
    gap = int(rng.integers(0, rows - 20))
    values[gap : gap + 12] = np.nan
    start = int(times[0]) // STEP * STEP
    return History(start=start, step=STEP, signals=SIGNALS, values=values.astype(np.float32))


def learn_some(numbers: range) -> tuple[list[bytes], float, int]:
    """Learn services in a process of their own: models as kept, CPU seconds, peak memory."""
    histories = [history_of(number) for number in numbers]
    began = time.process_time()
    packed = [_packed(anomaly.fit(history, seed=0)) for history in histories]
    return packed, time.process_time() - began, _peak()


def models(series: int) -> None:
    """Learn and score a fleet of so many series."""
    services = series // PER_SERVICE
    parts = [range(first, services, CORES) for first in range(CORES)]
    began = time.perf_counter()
    with ProcessPoolExecutor(CORES, mp_context=multiprocessing.get_context("spawn")) as pool:
        done = list(pool.map(learn_some, parts))
    wall = time.perf_counter() - began
    cpu = sum(part[1] for part in done)
    memory = sum(part[2] for part in done)
    kept = [packed for part in done for packed in part[0]]
    _say(f"{series:,} series ({services} services): learn", cpu=cpu, wall=wall, memory=memory)

    fleet = [_unpacked(packed) for packed in kept]
    order = [number for part in parts for number in part]
    recent = [history_of(number).tail(RECENT) for number in order]
    newest = f"{series:,} series: score the {NEWEST} newest rows of all"
    with _measured(f"{newest}, service by service"):
        alone = [anomaly.score(m, h, newest=NEWEST) for m, h in zip(fleet, recent, strict=True)]
    with _measured(f"{newest}, at once"):
        scored = anomaly.score_many(fleet, recent, newest=NEWEST)
    same = all(np.array_equal(a.values, b.values) for a, b in zip(alone, scored, strict=True))
    print(f"  they are the same: {same}")
    size = sum(map(len, kept))
    print(f"  {len(scored)} services scored; models take {size / 2**20:.0f} MiB as kept\n")


def others() -> None:
    """Measure what others cost per series, and multiply up."""
    from sklearn.ensemble import IsolationForest  # noqa: PLC0415 heavy

    features = [_lagged(history_of(n).values[:, 0]) for n in range(SAMPLE)]
    began = time.process_time()
    forests = [IsolationForest(random_state=0).fit(rows) for rows in features]
    fit = (time.process_time() - began) / SAMPLE
    began = time.process_time()
    for forest, rows in zip(forests, features, strict=True):
        forest.score_samples(rows[-1:])
    score = (time.process_time() - began) / SAMPLE
    size = sum(len(pickle.dumps(forest)) for forest in forests) / SAMPLE
    print(
        f"scikit-learn, one forest per series, from a sample of {SAMPLE}, multiplied to 10,000: "
        f"learn {1e4 * fit:.0f} s CPU, score one row {1e4 * score:.0f} s, "
        f"{1e4 * size / GIB:.1f} GiB pickled"
    )
    forecasts = (("healing", _ours), ("prophet", _prophet), ("statsforecast", _statsforecast))
    for name, run in forecasts:
        if importlib.util.find_spec(name) is None:
            print(f"{name}: not installed, not measured")
            continue
        began = _cpu()
        for number in range(SLOW_SAMPLE):
            history = history_of(number)
            run(history.times, history.values[:, 0])
        cost = (_cpu() - began) / SLOW_SAMPLE
        print(
            f"forecast a day by {name}, from a sample of {SLOW_SAMPLE}, multiplied to 10,000: "
            f"{cost:.3f} s each, {1e4 * cost / 3600:.2f} h CPU"
        )
    print()


def _lagged(values: np.ndarray) -> np.ndarray:
    filled = np.nan_to_num(values, nan=float(np.nanmedian(values)))
    return np.lib.stride_tricks.sliding_window_view(filled, 8)


def _ours(times: np.ndarray, values: np.ndarray) -> None:
    start, columns = int(times[0]), values[:, None]
    history = History(start=start, step=STEP, signals=SIGNALS[:1], values=columns)
    forecast(history, horizon=timedelta(seconds=AHEAD * STEP))


def _prophet(times: np.ndarray, values: np.ndarray) -> None:
    import pandas as pd  # noqa: PLC0415 only where Prophet is
    from prophet import Prophet  # noqa: PLC0415 may not be installed

    ds = pd.to_datetime(times, unit="s")
    model = Prophet().fit(pd.DataFrame({"ds": ds, "y": values}))
    model.predict(model.make_future_dataframe(AHEAD, freq="5min", include_history=False))


def _statsforecast(_: np.ndarray, values: np.ndarray) -> None:
    from statsforecast.models import AutoETS  # noqa: PLC0415 may not be installed

    known = np.nan_to_num(values.astype(float))
    AutoETS(season_length=24).forecast(known, h=AHEAD, level=[80])


# --- a real Prometheus ----------------------------------------------------------------------------


class Nobody:
    """Launches nothing: looking ahead is what is measured."""

    def launch(self, incident: IncidentId) -> None:
        """Leave it."""

    def link(self, incident: IncidentId) -> str | None:
        """Know of no run."""


def on_prometheus(services: int) -> None:
    """Pull from a real Prometheus, learn, and look ahead."""
    with tempfile.TemporaryDirectory(prefix="healing-bench-") as name:
        home = Path(name)
        end = int(time.time()) // STEP * STEP
        print(f"a real Prometheus with {services * PER_SERVICE:,} series of {DAYS} days: backfill")
        _backfill(home, [history_of(service, end=end) for service in range(services)])
        server = Prometheus(home, free_port(), ())
        server.start()
        try:
            _pull_and_look(home, server.url, services, end)
        finally:
            server.stop()


def looks(services: int) -> None:
    """Look ahead at a fleet that is known: two weeks on disk, a model each, an hour to pull from.

    Every `KINDS`-th service has the same history, so that few models have to be learnt.
    """
    with tempfile.TemporaryDirectory(prefix="healing-bench-") as name:
        home = Path(name)
        end = int(time.time()) // STEP * STEP
        print(f"looks ahead at {services * PER_SERVICE:,} series, known for {DAYS} days: preparing")
        kinds = [history_of(kind, end=end) for kind in range(min(KINDS, services))]
        _backfill(home, [kinds[n % len(kinds)].tail(3600 // STEP) for n in range(services)])
        server = Prometheus(home, free_port(), ())
        server.start()
        try:
            wired = _wired(home, server.url, services)
            _know(wired, kinds)
            now = datetime.fromtimestamp(end, UTC)
            watching = wired.watching
            at_end = replace(watching, observer=replace(watching.observer, clock=lambda: now))
            with using(replace(wired, watching=at_end)):
                for words in ("the first look", "the next look", "the one after"):
                    with _measured(words):
                        said = asyncio.run(look_ahead(unrecorded))
                    print(f"    {said}")
        finally:
            server.stop()


def _know(wired: Services, kinds: list[History]) -> None:
    """Put history and models where they would be after two weeks, but for the newest row."""
    learner = wired.watching.learner
    models = list[StoredModel]()
    services = wired.watching.observer.services()
    for service in sorted(services, key=lambda one: int(one.name.removeprefix("service-"))):
        number = int(service.name.removeprefix("service-"))
        whole = kinds[number % len(kinds)]
        until = whole.end - STEP
        marks = {signal.name: Mark(signal.query, until) for signal in service.signals}
        known = replace(whole.rows(0, len(whole) - 1), marks=marks)
        learner.histories.save(service.name, known)
        if len(models) < len(kinds):
            learner.learn(service.name, seed=0)
            models.append(learner.models.load(f"anomaly-{service.name}"))
        else:
            learner.models.save(f"anomaly-{service.name}", models[number % len(kinds)])


def _pull_and_look(home: Path, url: str, services: int, end: int) -> None:
    wired = _wired(home, url, services)
    watching = wired.watching
    parts = shards([s.name for s in watching.observer.services()], watching.shard_size)
    # The world stands still a step before the newest sample, so that the next pull finds one more.
    before, now = (datetime.fromtimestamp(at, UTC) for at in (end - STEP, end))
    with _measured("first pull"):
        _observe(wired, before)
    with _measured("next pull"):
        _observe(wired, now)
    with _measured("learn, in this process"):
        for shard in parts:
            watching.learner.learn_all(shard.names, seed=0, only_due=False)
    at_end = replace(watching, observer=replace(watching.observer, clock=lambda: now))
    with using(replace(wired, watching=at_end)):
        for words in ("look ahead, the first time", "look ahead again"):
            with _measured(f"{words}: pull, score, forecast"):
                said = asyncio.run(look_ahead(unrecorded))
            print(f"    {said}")


def _observe(wired: Services, now: datetime) -> None:
    observer = replace(wired.watching.observer, clock=lambda: now)
    size = wired.watching.shard_size
    named = {service.name: service for service in observer.services()}
    for shard in shards(list(named), size):
        seen = observer.observe([named[name] for name in shard.names])
        if trouble := [one.trouble for one in seen if one.trouble]:
            print(f"    {len(trouble)} with trouble, such as: {trouble[0]}")


def _wired(home: Path, url: str, services: int) -> Services:
    def metrics(service: int) -> dict[str, Any]:
        return {
            name: {"query": f'{name}{{service="{service}"}}'}
            | ({"capacity": FULL} if place < CAN_RUN_OUT else {})
            for place, name in enumerate(SIGNALS)
        }

    config = {
        "predictive_monitoring": {"every": f"{STEP}s"},
        "services": {f"service-{n}": {"metrics": metrics(n)} for n in range(services)},
        "storage": {
            "state_dir": str(home / "state"),
            "prometheus": {"url": url},
            "retention": {"history": f"{DAYS}d"},
        },
    }
    file = home / "config.yaml"
    file.write_text(yaml.safe_dump(config))
    return assemble(load(file, {}), ProcessHost(home / "processes"), Nobody())


def _backfill(home: Path, histories: list[History]) -> None:
    """Write history day by day: promtool reads the whole text again for each two hours of it."""
    rows = 86_400 // STEP
    for first in range(0, len(histories[0]), rows):
        text = home / "day.om"
        with text.open("w") as out:
            for signal in SIGNALS:
                out.write(f"# TYPE {signal} unknown\n")
                for service, history in enumerate(histories):
                    part = history.rows(first, min(first + rows, len(history)))
                    out.writelines(_lines(f'{signal}{{service="{service}"}}', part, signal))
            out.write("# EOF\n")
        subprocess.run(
            ["promtool", "tsdb", "create-blocks-from", "openmetrics", text, home / "data"],
            check=True,
            capture_output=True,
            timeout=300,
        )
        text.unlink()


def _lines(name: str, history: History, signal: SignalName) -> Iterator[str]:
    pairs = zip(history.times.tolist(), history.column(signal).tolist(), strict=True)
    return (f"{name} {value:.6g} {at}\n" for at, value in pairs if not math.isnan(value))


# --- measuring ------------------------------------------------------------------------------------


def _packed(model: anomaly.Model) -> bytes:
    packed = io.BytesIO()
    np.savez(packed, **anomaly.to_arrays(model))
    return packed.getvalue()


def _unpacked(packed: bytes) -> anomaly.Model:
    with np.load(io.BytesIO(packed), allow_pickle=False) as file:
        return anomaly.from_arrays({name: file[name] for name in file.files})


@contextmanager
def _measured(what: str) -> Iterator[None]:
    began, cpu = time.perf_counter(), time.process_time()
    yield
    used = time.process_time() - cpu
    _say(f"  {what}", cpu=used, wall=time.perf_counter() - began, memory=_peak())


def _say(what: str, *, cpu: float, wall: float, memory: int) -> None:
    print(f"{what}: {wall:.1f} s ({cpu:.1f} s CPU), at most {memory / GIB:.2f} GiB", flush=True)


def _cpu() -> float:
    """Seconds of this process and of its children that have ended."""
    return sum(os.times()[:4])


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
