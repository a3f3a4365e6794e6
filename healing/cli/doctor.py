"""`heal doctor`: look at everything that healing needs, and say how to mend what is wrong."""

import argparse
import os
import shutil
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

from healing.cli.options import Commands, add_config, settings_of
from healing.errors import HealingError, SetupError, StateUnavailableError
from healing.settings import Settings

LEAST_SPACE = 256 * 1024 * 1024
WITHIN = 5.0
"""Seconds for one look."""


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("doctor", help="look whether everything that is needed is there")
    add_config(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Look at each thing. Returns 0 when all of it is well, 1 otherwise."""
    settings = settings_of(args)
    looks: dict[str, Callable[[Settings], str]] = {
        "state": look_at_state,
        "containers": look_at_containers,
        "metrics": look_at_metrics,
        "record": look_at_prefect,
        "shared state": look_at_redis,
    }
    healthy = True
    for name, look in looks.items():
        try:
            print(f"✓ {name:<13} {look(settings)}")
        except HealingError as error:
            healthy = False
            print(f"✗ {name:<13} {error}")
    return 0 if healthy else 1


def look_at_state(settings: Settings) -> str:
    """See whether there is room, and whether we may write."""
    state = settings.storage.state_dir
    place = next(path for path in (state, *state.parents) if path.exists())
    free = shutil.disk_usage(place).free
    if not os.access(place, os.W_OK):
        raise SetupError(f"{place} cannot be written", remedy="give another: HEALING_STATE")
    if free < LEAST_SPACE:
        remedy = "free some space, or give another directory: HEALING_STATE"
        raise SetupError(f"only {free // 2**20} MiB free in {place}", remedy=remedy)
    return f"{state}, {free // 2**30} GiB free"


def look_at_containers(settings: Settings) -> str:
    """Ask the engine."""
    from healing.wiring import connect

    host = connect(settings)
    return f"{host.ping()}, {len(host.instances())} containers"


def look_at_metrics(settings: Settings) -> str:
    """Ask the metric store, when anything is to be measured."""
    from healing.wiring import metric_source

    if not any(service.signals for service in settings.stack().services.values()):
        return "no service has metrics; nothing is predicted"
    metric_source(settings).ping()
    return f"{_shown(settings.storage.prometheus.url)} answers"


def look_at_prefect(settings: Settings) -> str:
    """See whether the server that we were given is there."""
    url = settings.storage.prefect.api_url
    if not url:
        return "none is given: `heal up` starts a Prefect server of its own"
    _knock(url, "set `storage.prefect.api_url` or PREFECT_API_URL, or start that server")
    return f"{_shown(url)} is there"


def look_at_redis(settings: Settings) -> str:
    """Ask the server that we were given for the circuit breakers of the fleet."""
    from healing.wiring import fleet_of

    url, fleet = settings.storage.redis_url, fleet_of(settings)
    if not url or fleet is None:
        return "none is given: `heal up` starts a Valkey server of its own"
    try:
        _, names = fleet.changed(0)
    except StateUnavailableError as error:
        remedy = "set `storage.redis_url` or HEALING_REDIS_URL, or start that server"
        raise SetupError(f"{_shown(url)}: {error}", remedy=remedy) from error
    return f"{_shown(url)} answers, {len(names)} circuit breakers"


def _knock(url: str, remedy: str) -> None:
    parts = urlsplit(url)
    port = parts.port or {"https": 443}.get(parts.scheme, 80)
    try:
        socket.create_connection((parts.hostname or "", port), WITHIN).close()
    except OSError as error:
        said = error.strerror or str(error)
        raise SetupError(f"{_shown(url)} cannot be reached: {said}", remedy=remedy) from error


def _shown(url: str) -> str:
    """Leave out the password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
