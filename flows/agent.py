"""The agent: listeners, REST interface and fast lane in one long-lived process.

    python -m flows.agent            (what `heal agent` and `heal up` start)

It is built to be killed at any moment: what it was about to do stands in the ledger, and the next
one finishes the story. The API has the main thread; the fast lane has an event loop in a thread of
its own, and so have the recoveries, which must move on when Prefect does not.
"""

import asyncio
import contextvars
import hashlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import uvicorn

from flows.backtest import backtest
from flows.fastlane import FastLane, Lane
from flows.recover import recover
from flows.recoveries import DEPLOYMENT, Recoveries
from flows.train import train
from flows.watch import watch
from healing import __version__
from healing.adapters.host_lock import HostLock
from healing.api.access import Access, Caller, Role
from healing.api.app import create_app
from healing.api.checkups import VITAL, checkups
from healing.api.desk import Desk
from healing.errors import (
    ConfigError,
    HealingError,
    SetupError,
    SourceUnavailableError,
    WrongSourceError,
)
from healing.incidents import Stage
from healing.instruments import show_flags, watch_agent, watch_fleet
from healing.listeners.breakers import BreakerListener
from healing.listeners.containers import ContainerListener
from healing.listeners.probes import ProbeListener
from healing.names import Actor, InstanceName
from healing.settings import Settings, load, reload
from healing.settings.recovery_actions import recovery_action
from healing.wiring import Services, assemble, connect, using, utc_now

log = logging.getLogger("healing.agent")

POOL = "fastlane"
HOME = Path(__file__).resolve().parents[1]
STAND_BY = timedelta(seconds=1)
LET_ACTS_END = timedelta(seconds=20)
THREADS = 64
LEARN_WITHIN = timedelta(hours=6)
BATCH = "batch"


def main() -> int:
    """Run until told to stop. Returns 0 when stopped, 2 for a wrong configuration, 3 for set-up."""
    _log_to_stderr()
    try:
        run(load(None, os.environ))
    except ConfigError as error:
        return _say(error, 2)
    except (HealingError, OSError) as error:
        return _say(error, 3)
    return 0


def run(settings: Settings) -> None:
    """Take the host lock, start everything, serve until a signal, stop.

    Raises:
        SetupError: Something on this machine must be put right first.
        HealingError: The container engine or the ledger cannot be used.
    """
    access = access_of(settings)
    access.check_address(settings.api.host)
    host = connect(settings)
    engine = host.ping()
    lock = HostLock(f"agent-{host.identity()}")
    _stand_by(lock, engine)
    check_port(settings.api.host, settings.api.port)

    def on_pause(why: str) -> None:
        services.switch.pool_paused = why

    def failing_since() -> Mapping[InstanceName, datetime]:
        return probes.failing_since()

    name = f"agent-{socket.gethostname()}"
    every = settings.predictive_monitoring.every
    lanes = (
        Lane(deployment=DEPLOYMENT, flow=recover, pool=POOL, resume=True),
        Lane(deployment="watch/fast", flow=watch, pool=POOL, stale_after=every),
        Lane(deployment="train/batch", flow=train, pool=BATCH, stale_after=LEARN_WITHIN),
        Lane(deployment="backtest/batch", flow=backtest, pool=BATCH, stale_after=LEARN_WITHIN),
    )
    deployed = {
        "HEALING_DEPLOYED": deployed_version(settings),
        "HEALING_WATCH_EVERY": f"{every.total_seconds():g}",
    }
    lane = FastLane(
        lanes,
        pool=POOL,
        name=name,
        version=deployed["HEALING_DEPLOYED"],
        deploy=lambda: deploy(deployed),
        on_pause=on_pause,
    )
    recoveries = Recoveries(lane)
    services = assemble(settings, host, recoveries, failing_since=failing_since)
    check_metrics(services)
    notice = services.dispatch.notice
    containers = ContainerListener(host, services.roll, services.chronicle, notice, utc_now)
    probes = ProbeListener(host, services.prober, services.roll, notice, utc_now)

    breakers = BreakerListener(
        services.breakers, lambda name: recovery_action(settings, name), notice
    )

    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="step")
    # What an agent before us left open is judged by what happened since, so that comes first.
    containers.catch_up()
    with using(services):
        _start_loop("fast-lane", lane.run, threads)
        _start_loop("recoveries", recoveries.run, threads)
    containers.start()
    probes.start()
    breakers.start()

    watch_agent(
        reconciled_at=lambda: containers.reconciled_at,
        switched_on=lambda: not services.switch.why_off(),
        up={
            "containers": lambda: containers.connected,
            "prefect": lambda: lane.connected,
            **({"redis": services.breakers.is_fresh} if services.breakers.is_configured else {}),
        },
    )
    watch_fleet(services.breakers.states)
    flags = settings.graceful_degradation.feature_flags
    show_flags({name: flag.enabled for name, flag in flags.items()})
    desk = Desk(
        book=services.journal.book,
        dispatch=services.dispatch,
        launcher=recoveries,
        switch=services.switch,
        roll=services.roll,
        answers=probes.answers,
        latest=services.watching.latest,
        breakers=services.breakers,
        checkups=checkups(services, prefect=lambda: lane.connected),
        vital=VITAL,
        clock=utc_now,
        version=__version__,
    )
    log.info("agent started engine=%r", engine)
    again = _serve(settings, desk, access)
    containers.stop()
    probes.stop()
    breakers.stop()
    _let_acts_end(services)
    lock.release()
    log.info("agent stopped")
    logging.shutdown()
    # What is being verified now, the next agent verifies; waiting here would only delay the stop.
    if again:
        os.execv(sys.executable, [sys.executable, "-m", "flows.agent"])  # noqa: S606 - no shell
    os._exit(0)


def access_of(settings: Settings) -> Access:
    """Read who may use the API."""
    return Access(
        {
            token.token.get_secret_value(): Caller(Actor(token.name), Role[token.role.name])
            for token in settings.api.tokens
        }
    )


def check_port(host: str, port: int) -> None:
    """Make sure that nobody else has the port.

    Raises:
        SetupError: Somebody has.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((host, port))
        except OSError as error:
            raise SetupError(
                f"port {port} on {host} cannot be used: {error.strerror}",
                remedy=f"see who has it (`ss -ltnp 'sport = :{port}'`), or set `api.port` or "
                "HEALING_API_PORT to another one",
            ) from error


def check_metrics(services: Services) -> None:
    """Ask the metric store once, when anything is to be measured; one that is away is no obstacle.

    Raises:
        SetupError: What answers at its address is no metric store.
    """
    if not services.watching.observer.services():
        return
    try:
        services.watching.observer.source.ping()
    except WrongSourceError as error:
        raise SetupError(
            str(error), remedy="set `storage.prometheus.url`, or HEALING_PROMETHEUS_URL"
        ) from error
    except SourceUnavailableError as error:
        log.warning("going on without metrics for now: %s", error)


def deployed_version(settings: Settings) -> str:
    """Name what we put on the server: another one is put there anew."""
    every = settings.predictive_monitoring.every
    parts = [
        (HOME / name).read_bytes()
        for name in (
            "deployments/prefect.yaml",
            "flows/recover.py",
            "flows/train.py",
            "flows/backtest.py",
        )
    ]
    digest = hashlib.sha256(b"".join(parts)).hexdigest()[:8]
    return f"{__version__}+{digest}.{every.total_seconds():g}s"


async def deploy(env: Mapping[str, str]) -> None:
    """Put our pools and deployments on the Prefect server, in a process of its own.

    Raises:
        SetupError: It did not work; the log says why.
    """
    command = [sys.executable, "deployments/bootstrap.py"]
    done = await asyncio.to_thread(
        subprocess.run,
        command,
        cwd=HOME,
        env={**os.environ, **env},
        capture_output=True,
        timeout=240,
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr).decode(errors="replace").strip()
        log.error("deployments could not be put on the server:\n%s", said)
        raise SetupError("the deployments could not be put on the server", remedy="see the log")


def _start_loop(
    name: str, serve: Callable[[], Awaitable[None]], threads: ThreadPoolExecutor
) -> None:
    """Serve on an event loop in a thread of its own, for as long as the process lives."""

    async def run() -> None:
        asyncio.get_running_loop().set_default_executor(threads)
        await serve()

    context = contextvars.copy_context()
    threading.Thread(target=lambda: context.run(asyncio.run, run()), name=name, daemon=True).start()


def _stand_by(lock: HostLock, engine: str) -> None:
    """Wait until no other agent acts on this engine."""
    if lock.take():
        return
    log.warning("another agent acts on this engine: standing by, passive engine=%r", engine)
    while not lock.take():
        time.sleep(STAND_BY.total_seconds())
    log.warning("the other agent is gone: taking over engine=%r", engine)


def _serve(settings: Settings, desk: Desk, access: Access) -> bool:
    """Serve until a signal; tell whether it asked for a new start with a changed configuration."""
    config = uvicorn.Config(
        create_app(desk, access),
        host=settings.api.host,
        port=settings.api.port,
        log_level="warning",
        timeout_graceful_shutdown=2,
    )
    server, again = uvicorn.Server(config), False

    def on_hangup() -> None:
        nonlocal again
        _, faults = reload(settings, None, os.environ)
        if faults:
            log.error("going on with the configuration as it was:\n%s", "\n".join(faults))
        else:
            log.info("the configuration is read again")
            again = server.should_exit = True

    async def serve() -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, on_hangup)
        await server.serve()

    asyncio.run(serve())
    return again


def _let_acts_end(services: Services) -> None:
    deadline = time.monotonic() + LET_ACTS_END.total_seconds()
    while time.monotonic() < deadline:
        if all(incident.stage is not Stage.ACTING for incident in services.journal.book.open()):
            return
        time.sleep(0.05)


def _log_to_stderr() -> None:
    """Log what we do ourselves; Prefect sets up its own loggers and leaves ours alone."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s %(message)s"))
    for name in ("healing", "flows", "tasks"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(os.environ.get("HEALING_LOG_LEVEL", "INFO").upper())
        logger.propagate = False
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        # Their lines are in the UI; here they would only drown ours.
        logging.getLogger(name).propagate = False


def _say(error: Exception, code: int) -> int:
    sys.stderr.write(f"heal agent: {error}\n")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
