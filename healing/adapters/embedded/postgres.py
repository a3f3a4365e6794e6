"""A PostgreSQL cluster of our own, for the Prefect server."""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from healing.adapters.embedded.child import Child
from healing.errors import SetupError

PLACES = ("/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt/postgresql")
OLDEST = 14
PID_LINE, STATUS_LINE = 0, 7
"""Of `postmaster.pid`, counted from 0."""
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "synchronous_commit": "off",
    "logging_collector": "off",
    "log_min_messages": "warning",
}
"""Reached over a socket in its own directory only; what must be synced is in our ledger."""


def find_binaries() -> Path | None:
    """Find the newest PostgreSQL on this machine, 14 or newer; None when there is none."""
    found: list[tuple[int, Path]] = []
    for place in PLACES:
        for directory in Path(place).glob("*/bin"):
            version = directory.parent.name.partition(".")[0]
            if version.isdigit() and int(version) >= OLDEST and (directory / "initdb").exists():
                found.append((int(version), directory))
    if found:
        return max(found)[1]
    on_path = shutil.which("postgres")
    if on_path and (real := Path(on_path).resolve().parent / "initdb").exists():
        return real.parent
    return None


def user_to_run_as() -> str | None:
    """PostgreSQL refuses to run as root: name another user; None when we are not root.

    Raises:
        SetupError: We are root, and there is no other user for it.
    """
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise SetupError(
        "PostgreSQL does not run as root, and there is no user `postgres`",
        remedy="run as another user, or let Prefect use SQLite: heal up --database sqlite",
    )


def cluster(directory: Path, *, log: Path, env: Mapping[str, str]) -> tuple[Child, str]:
    """Make a cluster in `directory`, or reuse the one that is there.

    Returns:
        The server, to be started, and the address of its database for Prefect.

    Raises:
        SetupError: There is no PostgreSQL here, or the cluster cannot be made.
    """
    binaries = find_binaries()
    if binaries is None:
        raise SetupError(
            "no PostgreSQL 14 or newer is installed",
            remedy="install it (Debian: postgresql), or heal up --database sqlite",
        )
    user = user_to_run_as()
    data = directory / "data"
    directory.mkdir(parents=True, exist_ok=True)
    if user:
        shutil.chown(directory, user)
        _let_pass(directory, user)
    if not (data / "PG_VERSION").exists():
        _run(
            [f"{binaries}/initdb", "-D", str(data), "-U", "prefect", "-A", "trust", "-E", "UTF8"],
            user,
            env,
        )
    options = [f"-c{name}={value}" for name, value in SETTINGS.items()]
    argv = [f"{binaries}/postgres", "-D", str(data), "-k", str(directory), *options]
    child = Child(
        "postgres",
        argv,
        env=env,
        log=log,
        cwd=directory,
        user=user,
        stop_with=signal.SIGINT,
    )
    return child, f"postgresql+asyncpg://prefect@/postgres?host={directory}"


def is_ready(directory: Path, pid: int | None) -> bool:
    """Tell whether process `pid` takes connections for the cluster in `directory`.

    Its own file says so; one that was killed has left a file that says so as well.
    """
    try:
        lines = (directory / "data" / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    said = [line.strip() for line in lines]
    return len(said) > STATUS_LINE and (said[PID_LINE], said[STATUS_LINE]) == (str(pid), "ready")


def _let_pass(directory: Path, user: str) -> None:
    """Make sure that another user may reach the directory."""
    account = pwd.getpwnam(user)
    for parent in directory.parents:
        mode = parent.stat()
        others = bool(mode.st_mode & 0o001)
        group = bool(mode.st_mode & 0o010) and mode.st_gid == account.pw_gid
        if not others and not group and mode.st_uid != account.pw_uid:
            raise SetupError(
                f"user {user!r} may not enter {parent}, and PostgreSQL must run as that user",
                remedy="give another state directory (--state), or heal up --database sqlite",
            )


def _run(argv: list[str], user: str | None, env: Mapping[str, str]) -> None:
    done = subprocess.run(  # noqa: S603 - our own program, no shell
        argv,
        env=dict(env),
        user=user,
        group=user,
        extra_groups=[] if user else None,
        cwd="/",
        capture_output=True,
        timeout=120,
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise SetupError(
            f"{Path(argv[0]).name} failed: {' '.join(said)}",
            remedy="look at the message, or let Prefect use SQLite: heal up --database sqlite",
        )
