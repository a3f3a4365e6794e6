"""The one place that knows which adapter stands behind which port."""

import logging
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from healing.adapters.docker import DockerHost
from healing.adapters.files import HistoryFiles, ModelFiles, RememberedModels, key_in
from healing.adapters.ledger import FileLedger
from healing.adapters.probes import NetworkProber
from healing.adapters.processes import ProcessHost
from healing.adapters.prometheus import Patience, PrometheusSource
from healing.adapters.redis import BreakerStore, RedisFleet
from healing.adapters.redis import connect as connect_redis
from healing.diagnosis import Chronicle
from healing.errors import SetupError
from healing.history import Grid
from healing.history.grid import MOST_ROWS
from healing.incidents import Book
from healing.instances import Instance
from healing.instruments import Counting
from healing.names import InstanceName
from healing.policy.failing import Terms, horizon_for
from healing.ports import Board, Host, Launcher, Ledger, Prober
from healing.recovery.dispatch import Dispatch
from healing.recovery.hands import Hands
from healing.recovery.in_hand import InHand
from healing.recovery.journal import Journal
from healing.recovery.look import Lookout
from healing.recovery.steps import Steps
from healing.recovery.switch import Switch
from healing.recovery.trials import Trials
from healing.roster import ReadStack, Roll
from healing.services import Stack
from healing.settings import Settings, merge, service_from_labels
from healing.watching import (
    FailureLearner,
    FleetWatch,
    Latest,
    Learner,
    Observer,
    Remembered,
    Seer,
    Strangeness,
)
from healing.watching.apart import Apart

log = logging.getLogger(__name__)

REMEMBERED = timedelta(days=7)
"""How much of the ledger an agent reads when it starts."""
EVERY_INCIDENT = 100_000
"""What is held in memory while failures are learnt from."""
READERS = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """Everything that looking ahead needs."""

    observer: Observer
    seer: Seer
    learner: Learner
    apart: Apart
    failures: FailureLearner
    latest: Latest
    shard_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that a step, a listener or the API may reach for."""

    settings: Settings
    host: Host
    prober: Prober
    roll: Roll
    chronicle: Chronicle
    journal: Journal
    dispatch: Dispatch
    steps: Steps
    watching: Watching
    breakers: FleetWatch
    switch: Switch
    in_hand: InHand
    clock: Callable[[], datetime]
    readers: Executor


def utc_now() -> datetime:
    """Give the present time."""
    return datetime.now(UTC)


def connect(settings: Settings) -> Host:
    """Connect to where the containers live: a Docker engine, or a supervisor of processes."""
    url = settings.storage.docker.url
    if url.startswith("processes://"):
        return ProcessHost(Path(url.removeprefix("processes://")))
    return DockerHost(url, answer_within=settings.storage.docker.timeout)


def assemble(
    settings: Settings,
    host: Host,
    launcher: Launcher,
    boards: tuple[Board, ...] = (),
    *,
    failing_since: Callable[[], Mapping[InstanceName, datetime]] = dict[InstanceName, datetime],
) -> Services:
    """Put everything together; reads the ledger, and touches nothing else.

    Args:
        settings: As the operator has them.
        host: Where the containers live.
        launcher: Has recoveries started.
        boards: Told of each line of the ledger.
        failing_since: Gives the containers that probes find bad now, and since when.
    """
    storage = settings.storage
    readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
    ledger = FileLedger(storage.state_dir / "ledger", keep=storage.retention.ledger)
    book = Book(ledger.entries(since=utc_now() - REMEMBERED))
    counting = Counting(lambda: len(book.open()))
    journal = Journal(ledger, book, utc_now, (counting, *boards))
    prober = NetworkProber(host)
    roll = Roll(with_labels(settings))
    chronicle = Chronicle()
    fleet = fleet_of(settings)
    breakers = FleetWatch(fleet, settings.circuit_breakers.services, utc_now)
    lookout = Lookout(
        host=host,
        prober=prober,
        roll=roll,
        chronicle=chronicle,
        readers=readers,
        clock=utc_now,
        breaker=breakers.fresh,
        failing_since=failing_since,
    )
    switch = Switch(storage.state_dir / settings.safety.pause_file)
    hands = Hands(
        host=host,
        lookout=lookout,
        journal=journal,
        switch=switch,
        clock=utc_now,
        protected=frozenset(InstanceName(name) for name in settings.safety.protected),
    )
    return Services(
        settings=settings,
        host=host,
        prober=prober,
        roll=roll,
        chronicle=chronicle,
        journal=journal,
        dispatch=Dispatch(journal, roll, chronicle, launcher, utc_now),
        steps=Steps(
            lookout=lookout, hands=hands, journal=journal, trials=Trials(fleet, breakers.fresh)
        ),
        watching=look_ahead_with(settings, roll, chronicle, ledger, book),
        breakers=breakers,
        switch=switch,
        in_hand=InHand(),
        clock=utc_now,
        readers=readers,
    )


def fleet_of(settings: Settings) -> RedisFleet | None:
    """Connect to the breakers that applications share; None where no shared state is configured."""
    url = settings.storage.redis_url
    return RedisFleet(BreakerStore(connect_redis(url))) if url else None


def metric_source(settings: Settings) -> PrometheusSource:
    """Connect to the metric store."""
    prometheus = settings.storage.prometheus
    return PrometheusSource(
        prometheus.url,
        headers={name: value.get_secret_value() for name, value in prometheus.headers.items()},
        verify=prometheus.verify_tls,
        patience=Patience(timeout=prometheus.timeout.total_seconds()),
    )


def look_ahead_with(
    settings: Settings, roll: Roll, chronicle: Chronicle, ledger: Ledger, book: Book
) -> Watching:
    """Put together what looking ahead needs."""
    storage, monitoring = settings.storage, settings.predictive_monitoring
    source = metric_source(settings)
    histories = HistoryFiles(storage.state_dir / "history")
    key = storage.model_key
    models = ModelFiles(
        storage.state_dir / "models",
        key=key.get_secret_value().encode() if key else key_in(storage.state_dir / "model.key"),
    )
    keep = min(storage.retention.history, MOST_ROWS * monitoring.every)
    grid = Grid(step=monitoring.every, keep=keep)
    known = RememberedModels(models)
    return Watching(
        observer=Observer(
            source=source,
            histories=histories,
            replicas=HistoryFiles(storage.state_dir / "replicas"),
            roll=roll,
            grid=grid,
            clock=utc_now,
        ),
        seer=Seer(
            strangeness=Strangeness(
                models=known, sensitivity=monitoring.anomaly_detection.sensitivity
            ),
            models=known,
            source=source,
            roll=roll,
            chronicle=chronicle,
            remembered=Remembered(HistoryFiles(storage.state_dir / "signs")),
            book=book,
            window=monitoring.exhaustion_window,
            errors_allowed=monitoring.metrics.performance.error_rate_threshold,
            terms=Terms(
                probability=monitoring.metrics.failure_probability,
                within=horizon_for(monitoring.failure_lead_time),
            ),
        ),
        learner=Learner(
            # Its own: it reads while the observer writes.
            histories=HistoryFiles(storage.state_dir / "history"),
            models=models,
            clock=utc_now,
            window=monitoring.anomaly_detection.training_window,
            vanished=storage.retention.vanished,
        ),
        apart=Apart(),
        failures=FailureLearner(
            remembered=Remembered(HistoryFiles(storage.state_dir / "signs")),
            models=models,
            incidents=lambda since: Book(
                ledger.entries(since=since), keep_closed=EVERY_INCIDENT
            ).all(),
            clock=utc_now,
        ),
        latest=Latest(),
        shard_size=monitoring.shard_size,
    )


def with_labels(settings: Settings) -> ReadStack:
    """Make what joins the services of the file with those that containers declare by labels.

    What is odd about the labels is said in the log, once.
    """
    said: set[str] = set()

    def read(instances: Iterable[Instance]) -> Stack:
        defaults = settings.defaults()
        merged = merge(
            settings, [service_from_labels(i.labels, i.name, defaults) for i in instances]
        )
        for warning in set(merged.warnings) - said:
            log.warning("labels: %s", warning)
        said.update(merged.warnings)
        return merged.stack

    return read


_services: ContextVar[Services] = ContextVar("services")


def services() -> Services:
    """Return the services of this process.

    Raises:
        SetupError: This process was not wired up, as a worker of Prefect's is not.
    """
    try:
        return _services.get()
    except LookupError:
        raise SetupError(
            "this flow runs inside the agent, and this process is not one",
            remedy="start `heal agent` and leave the run to it, without a worker of Prefect's",
        ) from None


@contextmanager
def using(services: Services) -> Generator[Services]:
    """Use `services` inside the block; how the agent and tests wire us up."""
    token = _services.set(services)
    try:
        yield services
    finally:
        _services.reset(token)
