"""As much of a Valkey client as the shop needs."""

import os
import socket
from typing import Any

TIMEOUT = 0.5


class CacheError(Exception):
    """The cache did not answer, or said no."""


def ask(*command: str | int) -> Any:
    """Send one command to the cache at `CACHE` and read its answer.

    Raises:
        CacheError: It did not answer in time, or said no.
    """
    return ask_all([command])[0]


def ask_all(commands: list[tuple[str | int, ...]]) -> list[Any]:
    """Send several commands at once and read their answers."""
    host, _, port = os.environ["CACHE"].rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=TIMEOUT) as connection:
            connection.sendall(b"".join(_packed(command) for command in commands))
            with connection.makefile("rb") as answers:
                return [_read(answers) for _ in commands]
    except OSError as error:
        raise CacheError(f"the cache does not answer: {error}") from error


def _packed(command: tuple[str | int, ...]) -> bytes:
    parts = [str(part).encode() for part in command]
    head = b"*%d\r\n" % len(parts)
    return head + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)


def _read(answers: Any) -> Any:
    line = answers.readline().rstrip(b"\r\n")
    kind, rest = line[:1], line[1:]
    match kind:
        case b"+":
            return rest.decode()
        case b":":
            return int(rest)
        case b"$":
            return None if rest == b"-1" else answers.read(int(rest) + 2)[:-2].decode()
        case b"*":
            return [_read(answers) for _ in range(int(rest))]
        case b"":
            raise CacheError("the cache hung up")
        case _:
            raise CacheError(rest.decode())
