"""Asking a container whether it works: over HTTP, by opening a connection, or from inside."""

import functools
import http.client
import io
import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from typing_extensions import Buffer

from healing.errors import HealingError
from healing.instances import Instance
from healing.ports import Host, ProbeResult
from healing.services import Exec, Http, Probe, Tcp
from healing.units import one_line

ENOUGH = 64 * 1024
"""Bytes of an answer that are read; the rest does not make it better."""
GOOD = range(200, 400)
HTTPS_PORT, HTTP_PORT = 443, 80


def _utc_now() -> datetime:
    return datetime.now(UTC)


class NetworkProber:
    """Asks over the network, or through the host for programs inside. Never raises.

    The time-out is for the whole question: the look-up of a name, the connection, and every byte of
    the answer. A server that drips one byte a second has failed when the time is up.

    Args:
        host: Where the containers live.
        now: Tells the time.
    """

    def __init__(self, host: Host, *, now: Callable[[], datetime] = _utc_now) -> None:
        self._host = host
        self._now = now

    def ask(self, probe: Probe, instance: Instance) -> ProbeResult:
        """Ask once. A timeout or a refused connection is a bad answer, not an error."""
        at, began = self._now(), time.monotonic()
        deadline = began + probe.timeout.total_seconds()
        try:
            match probe.check:
                case Http(url):
                    ok, words = _get(url, instance, deadline)
                case Tcp(port, host):
                    _connect(*_where(host, port, instance), deadline).close()
                    ok, words = True, f"port {port} is open"
                case Exec() as command:
                    code, output = self._host.execute(instance.id, command, timeout=probe.timeout)
                    ok, words = code == 0, _last_line(f"exit code {code}", output)
        except (OSError, http.client.HTTPException, HealingError, ValueError) as error:
            ok, words = False, _why(error, probe.timeout)
        took = timedelta(seconds=time.monotonic() - began)
        return ProbeResult(
            ok=ok, detail=f"{words}, {took / timedelta(milliseconds=1):.0f} ms", at=at, took=took
        )


def _get(url: str, instance: Instance, deadline: float) -> tuple[bool, str]:
    """Read an address. Returns whether the answer is good, and what it was."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    port = parts.port or (HTTPS_PORT if secure else HTTP_PORT)
    host, port = _where(parts.hostname or "", port, instance)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _connect(host, port, deadline)
    try:
        if secure:
            connection.settimeout(_left(deadline))
            connection = _any_certificate().wrap_socket(
                connection, server_hostname=parts.hostname or None
            )
        connection.settimeout(_left(deadline))
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {parts.hostname or host}:{port}\r\n"
            "User-Agent: healing\r\nAccept: */*\r\nConnection: close\r\n\r\n".encode()
        )
        answer = http.client.HTTPResponse(_Bounded(connection, deadline))  # pyright: ignore[reportArgumentType] - it only asks for a file
        answer.begin()
        whole = answer.length is not None and answer.length <= ENOUGH
        body = answer.read() if whole else answer.read(ENOUGH)
    finally:
        connection.close()
    said = "" if answer.status in GOOD else body.decode(errors="replace")
    return answer.status in GOOD, _last_line(f"HTTP {answer.status}", said)


def _where(host: str, port: int, instance: Instance) -> tuple[str, int]:
    """Find out where to knock: where it says, at the container, or where its port is published."""
    if host or instance.address:
        return host or instance.address, port
    if port in instance.published:
        published, _, number = instance.published[port].rpartition(":")
        return published.strip("[]"), int(number)
    raise ConnectionError(
        f"{instance.name} has no address of its own, and port {port} is not published"
    )


def _connect(host: str, port: int, deadline: float) -> socket.socket:
    """Open a connection to the first address of `host` that takes it."""
    refused: OSError = ConnectionError(f"{host} has no address")
    for address in _addresses(host, deadline):
        try:
            return socket.create_connection((address, port), timeout=_left(deadline))
        except TimeoutError:
            raise
        except OSError as error:
            refused = error
    raise refused


def _addresses(host: str, deadline: float) -> list[str]:
    """Look a name up. The system's resolver knows no time-out, so a thread of its own waits."""
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        found: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            found.put([str(address[0]) for *_, address in answers])
        except OSError as error:
            found.put(error)

    threading.Thread(target=look_up, name=f"look up {host}", daemon=True).start()
    try:
        outcome = found.get(timeout=_left(deadline))
    except queue.Empty:
        raise TimeoutError(f"no answer about the name {host}") from None
    if isinstance(outcome, OSError):
        raise outcome
    return outcome


def _left(deadline: float) -> float:
    """Say how many seconds are left.

    Raises:
        TimeoutError: None.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


@functools.cache
def _any_certificate() -> ssl.SSLContext:
    """Accept any certificate: a probe goes to an address, and they are made out to names."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class _Bounded(io.RawIOBase):
    """A connection to read from, until a deadline and not a byte longer."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        self._connection.settimeout(_left(self._deadline))
        return self._connection.recv_into(buffer)

    def makefile(self, *_: Any) -> io.BufferedReader:
        """Be read as `http.client` reads."""
        return io.BufferedReader(self)


def _why(error: Exception, timeout: timedelta) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {timeout.total_seconds():g} s"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _last_line(words: str, output: str) -> str:
    """Add the last line a program or server said, if it said anything."""
    said = output.strip().splitlines()
    return f"{words}: {one_line(said[-1].strip()[:200])}" if said else words
