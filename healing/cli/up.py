"""`heal up`: start what is missing on this machine, keep it running, stop all of it on Ctrl-C."""

import argparse
import contextlib
import fcntl
import http.client
import os
import shutil
import socket
import sys
from collections.abc import Generator, Mapping
from functools import partial
from pathlib import Path

from healing.adapters.embedded.child import Child
from healing.adapters.embedded.keeper import Keeper, Part, stop_on_signals
from healing.adapters.embedded.postgres import cluster, find_binaries, is_ready
from healing.adapters.embedded.prefect_server import prefect_server
from healing.adapters.embedded.valkey import valkey_server
from healing.cli.home import environment, home
from healing.cli.options import Commands, add_config, settings_of
from healing.errors import SetupError
from healing.settings import Settings

LOOPBACK = "127.0.0.1"
LAST_PORT = 65_535
ANSWERS_WITHIN = 2.0
LEAST_SPACE = 256 * 1024 * 1024
"""Bytes free in the state directory below which we do not start."""


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "up", help="start everything that is missing on this machine, and keep it running"
    )
    add_config(parser)
    parser.add_argument("--state", type=Path, metavar="DIR", help="where all state is kept")
    parser.add_argument(
        "--database",
        choices=("auto", "postgres", "sqlite"),
        default="auto",
        help="of the Prefect server that we start (auto: PostgreSQL where its programs are found)",
    )
    parser.add_argument("--prefect-port", type=_port, default=4200)
    parser.add_argument("--redis-port", type=_port, default=6380)
    parser.set_defaults(run=run)


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= LAST_PORT:
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to {LAST_PORT}, not {text!r}")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Start what is missing, keep it running, stop it."""
    if args.state:
        os.environ["HEALING_STATE"] = str(args.state.resolve())
    settings = settings_of(args)
    state = settings.storage.state_dir
    _make_state(state)
    env = environment(settings, os.environ)
    if args.config:
        env["HEALING_CONFIG"] = str(args.config.resolve())
    keeper = Keeper(stop_on_signals(), say=partial(print, flush=True))
    with _alone_in(state), keeper:
        for prepare in (_prefect, _valkey, _agent):
            for part in prepare(args, settings, env):
                keeper.start(part)
        keeper.wait_for_all()
        if _stands_by(keeper.parts[-1].child):
            print("Another agent acts on this engine: ours takes over when that one ends.")
        _print_addresses(settings, env, state)
        keeper.keep()
    return 0


# --- the parts --------------------------------------------------------------------------------


def _prefect(args: argparse.Namespace, settings: Settings, env: dict[str, str]) -> list[Part]:
    """A Prefect server on a database of its own, unless somebody gives us theirs."""
    if settings.storage.prefect.api_url:
        env["PREFECT_API_URL"] = settings.storage.prefect.api_url
        return []
    port, state = args.prefect_port, settings.storage.state_dir
    _check_port(port, "Prefect", "--prefect-port")
    env["PREFECT_API_URL"] = f"http://{LOOPBACK}:{port}/api"
    env["PREFECT_UI_URL"] = f"http://{LOOPBACK}:{port}"
    parts: list[Part] = []
    database, url = _database(args.database, state, env)
    if database is not None:
        parts.append(Part(database, lambda: is_ready(state / "postgres", database.pid)))
    server = prefect_server(
        host=LOOPBACK,
        port=port,
        database=url,
        home=state / "prefect",
        log=state / "logs" / "prefect.log",
        env=env,
    )
    # The agent heals without it, and need not wait until it has booted.
    parts.append(Part(server, lambda: _answers(port, "/api/ready"), others_wait=False))
    return parts


def _database(choice: str, state: Path, env: Mapping[str, str]) -> tuple[Child | None, str | None]:
    if choice == "sqlite" or (choice == "auto" and find_binaries() is None):
        if choice == "auto":
            print("No PostgreSQL here: Prefect keeps its record in SQLite, which is slower.")
        return None, None
    try:
        return cluster(state / "postgres", log=state / "logs" / "postgres.log", env=env)
    except SetupError as error:
        if choice == "postgres":
            raise
        print(f"Prefect keeps its record in SQLite, which is slower: {error}")
        return None, None


def _valkey(args: argparse.Namespace, settings: Settings, env: dict[str, str]) -> list[Part]:
    """A Valkey server, unless somebody gives us theirs."""
    if settings.storage.redis_url:
        return []
    port, state = args.redis_port, settings.storage.state_dir
    _check_port(port, "Valkey", "--redis-port")
    env["HEALING_REDIS_URL"] = f"redis://{LOOPBACK}:{port}/0"
    child = valkey_server(
        host=LOOPBACK,
        port=port,
        directory=state / "valkey",
        log=state / "logs" / "valkey.log",
        env=env,
    )
    return [Part(child, lambda: _accepts(port))]


def _agent(_: argparse.Namespace, settings: Settings, env: dict[str, str]) -> list[Part]:
    log = settings.storage.state_dir / "logs" / "agent.log"
    argv = [sys.executable, "-m", "flows.agent"]
    child = Child("agent", argv, env=env, log=log, cwd=home(os.environ))
    return [Part(child, lambda: _answers(settings.api.port, "/health") or _stands_by(child))]


def _stands_by(child: Child) -> bool:
    """Tell whether it waits for another agent of this machine to end."""
    return "standing by" in child.last_lines(1)


# --- this machine -----------------------------------------------------------------------------


def _make_state(state: Path) -> None:
    try:
        state.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(state).free
    except OSError as error:
        raise SetupError(
            f"the state directory {state} cannot be made: {error.strerror}",
            remedy="give another one: --state DIR, or HEALING_STATE",
        ) from error
    if free < LEAST_SPACE:
        raise SetupError(
            f"only {free // 2**20} MiB free in {state}",
            remedy="free some space, or give another directory: --state DIR, or HEALING_STATE",
        )


@contextlib.contextmanager
def _alone_in(state: Path) -> Generator[None]:
    """Keep others out: two servers on the same files would spoil them.

    Raises:
        SetupError: Somebody else is there.
    """
    directory = os.open(state, os.O_RDONLY)
    try:
        try:
            fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SetupError(
                f"another `heal up` uses the state directory {state}",
                remedy="stop that one, or give another directory: --state DIR, or HEALING_STATE",
            ) from error
        yield
    finally:
        os.close(directory)


def _check_port(port: int, what: str, option: str) -> None:
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((LOOPBACK, port))
        except OSError as error:
            raise SetupError(
                f"port {port}, for {what}, cannot be used: {error.strerror}",
                remedy=f"see who has it (`ss -ltnp 'sport = :{port}'`), or give another: {option}",
            ) from error


def _accepts(port: int) -> bool:
    with socket.socket() as attempt:
        attempt.settimeout(ANSWERS_WITHIN)
        return attempt.connect_ex((LOOPBACK, port)) == 0


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=ANSWERS_WITHIN)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _print_addresses(settings: Settings, env: Mapping[str, str], state: Path) -> None:
    api = f"http://{LOOPBACK}:{settings.api.port}"
    prefect = env["PREFECT_API_URL"].removesuffix("/api")
    redis = settings.storage.redis_url or env.get("HEALING_REDIS_URL", "")
    rows = {
        "Prefect UI": f"{prefect}/v2/runs",
        "REST API": f"{api}/docs",
        "Metrics": f"{api}/metrics",
        "Redis": redis,
        "State": str(state),
        "How is it?": "heal status",
        "Stop acting": "heal pause REASON",
    }
    print("\nhealing is up. Ctrl-C stops all of it.\n")
    for name, value in rows.items():
        print(f"  {name:<12} {value}")
    print(flush=True)
