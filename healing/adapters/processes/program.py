"""A program as it is declared to the supervisor, and the words spoken on its socket."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from healing.instances import Happening, Instance
from healing.names import InstanceName

SOCKET = "supervisor.sock"
LOCK = "supervisor.lock"
HEARTBEAT = timedelta(seconds=2)
"""How often an empty line is sent to who follows what happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCommand:
    """A program that says with exit code 0 that another one is healthy."""

    argv: tuple[str, ...]
    every: timedelta = timedelta(seconds=5)
    timeout: timedelta = timedelta(seconds=3)
    failures: int = 3
    """Bad answers in a row before it counts as unhealthy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One program to be kept.

    Attributes:
        argv: The program and its arguments; no shell reads them.
        env: Its whole environment, besides `PATH`.
        cwd: Where it runs; None means the supervisor's folder.
        address: Where it listens: all of 127.0.0.0/8 is this machine, so each can have its own.
    """

    name: InstanceName
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    cwd: str | None = None
    address: str = "127.0.0.1"
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    stop_grace: timedelta = timedelta(seconds=10)
    health: HealthCommand | None = None


class Wish(StrEnum):
    """What the supervisor can be asked."""

    PING = "ping"
    DECLARE = "declare"
    """Know these programs; those that changed are stopped and known anew."""
    REMOVE = "remove"
    LIST = "list"
    INSPECT = "inspect"
    LOGS = "logs"
    START = "start"
    STOP = "stop"
    RESTART = "restart"
    KILL = "kill"
    EXECUTE = "execute"
    HAPPENED = "happened"
    FOLLOW = "follow"
    END = "end"
    """Stop every program, and the supervisor."""


class Trouble(StrEnum):
    """Why the supervisor did not do it."""

    GONE = "gone"
    REFUSED = "refused"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One line to the supervisor."""

    wish: Wish
    name: str = ""
    programs: tuple[Program, ...] = ()
    grace: timedelta | None = None
    signal: int | None = None
    argv: tuple[str, ...] = ()
    timeout: timedelta = timedelta(seconds=5)
    lines: int = 0
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One line from the supervisor."""

    trouble: Trouble | None = None
    words: str = ""
    exit_code: int | None = None
    instances: tuple[Instance, ...] = ()
    happening: Happening | None = None
    happened: tuple[Happening, ...] = ()


def unix_socket(home: Path, *, listen: bool) -> socket.socket:
    """Connect to, or listen at, the socket in `home`, however long its path is.

    The kernel allows 107 characters in a socket's address, so the folder is named by a descriptor.
    """
    folder = os.open(home, os.O_PATH | os.O_DIRECTORY)
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        address = f"/proc/self/fd/{folder}/{SOCKET}"
        if listen:
            (home / SOCKET).unlink(missing_ok=True)
            one.bind(address)
            one.listen(64)
        else:
            one.settimeout(5)
            one.connect(address)
    except OSError:
        one.close()
        raise
    finally:
        os.close(folder)
    return one
