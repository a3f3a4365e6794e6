"""The connection to a Docker engine: bounded calls in, plain JSON or our own errors out."""

import math
import os
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

import requests
from docker import APIClient
from docker.errors import DockerException, TLSParameterError
from docker.utils import kwargs_from_env

from healing.errors import (
    HostUnavailableError,
    InstanceGoneError,
    OutcomeUnknownError,
    RefusedError,
    SetupError,
)
from healing.names import InstanceName

SYSTEM_SOCKET = Path("/var/run/docker.sock")
LOOPBACK = "127.0.0.1"
USE_ANOTHER = "or set DOCKER_HOST to where an engine listens"
CONNECTIONS = 32
"""Kept open at once: twenty acts in parallel, an event stream, and reads beside them."""
NEVER_SENT = (FileNotFoundError, PermissionError, ConnectionRefusedError, BlockingIOError)
"""A socket says these before the request leaves. A full backlog is a BlockingIOError."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How this process gets at containers.

    Attributes:
        host: Where published ports and containers on the host's network are.
        inside: Whether the addresses of containers can be reached as well.
    """

    host: str = LOOPBACK
    inside: bool = True


def find_engine(environ: Mapping[str, str] | None = None) -> str:
    """Say where the engine listens: `DOCKER_HOST`, the system's socket, or a rootless one."""
    environ = os.environ if environ is None else environ
    if url := environ.get("DOCKER_HOST"):
        return url
    rootless = Path(environ.get("XDG_RUNTIME_DIR", "/run/user/0"), "docker.sock")
    found = rootless if rootless.exists() and not SYSTEM_SOCKET.exists() else SYSTEM_SOCKET
    return f"unix://{found}"


class Engine:
    """Calls the REST API of one engine through docker-py's transport. Safe to share by threads.

    It connects at the first call and negotiates the API version then, and anew when the engine was
    replaced by one that no longer speaks the old version.

    Args:
        url: `unix://`, `tcp://` or `https://`; certificates come from `DOCKER_CERT_PATH`.
        answer_within: How long a read may take.
    """

    def __init__(self, url: str, *, answer_within: timedelta) -> None:
        self.url = url
        self._answer_within = answer_within.total_seconds()
        self._connecting = threading.Lock()
        self._client: APIClient | None = None
        self._was_here = False
        self.reach = Reach()

    def get(self, path: str, *, about: str = "", **params: Any) -> Any:
        """Read JSON; `about` names the container in question."""
        response = self._call("GET", path, about=about, params=params)
        try:
            return response.json()
        except requests.exceptions.JSONDecodeError as error:
            raise HostUnavailableError(f"{self.url} did not answer with JSON: {error}") from error

    def get_bytes(self, path: str, *, about: str = "", **params: Any) -> bytes:
        """Read a body as it is."""
        return self._call("GET", path, about=about, params=params).content

    def act(self, path: str, *, about: str, within: timedelta, **params: Any) -> None:
        """Ask for a change and wait for it, for at most `within`."""
        timeout = self._answer_within, within.total_seconds()
        self._call("POST", path, about=about, acts=True, params=params, timeout=timeout)

    def post(self, path: str, body: Mapping[str, Any], *, about: str) -> Any:
        """Send JSON and read JSON."""
        return self._call("POST", path, about=about, json=body).json()

    def follow(
        self,
        method: str,
        path: str,
        *,
        silence: timedelta,
        about: str = "",
        body: Mapping[str, Any] | None = None,
        **params: Any,
    ) -> requests.Response:
        """Open a stream. Reading from it fails after `silence` without a byte."""
        return self._call(
            method,
            path,
            about=about,
            params=params,
            json=body,
            timeout=(self._answer_within, silence.total_seconds()),
            stream=True,
        )

    def close(self) -> None:
        """Close every idle connection."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _call(
        self, method: str, path: str, *, about: str, acts: bool = False, **how: Any
    ) -> requests.Response:
        client = self._connected()
        how.setdefault("timeout", self._answer_within)
        try:
            response = client.request(
                method, f"{client.base_url}/v{client.api_version}{path}", **how
            )
        except requests.exceptions.RequestException as error:
            self._explain_silence(error, f"{method} {path}", acts=acts)
        self._was_here = True
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            self._explain_refusal(response, f"{method} {path}", about=about, acts=acts)
        return response

    def _connected(self) -> APIClient:
        with self._connecting:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> APIClient:
        scheme = urlsplit(self.url).scheme
        if scheme not in {"unix", "tcp", "http", "https"}:
            raise SetupError(
                f"cannot talk to a Docker engine by {self.url!r}",
                remedy="use unix:///path/to/docker.sock or tcp://host:port (an SSH tunnel can "
                "bring either here)",
            )
        try:
            if scheme == "unix":
                self._knock()
            tls = kwargs_from_env().get("tls", False) if scheme in {"tcp", "https"} else False
            client = APIClient(
                self.url,
                version="auto",
                timeout=math.ceil(self._answer_within),
                tls=tls,
                max_pool_size=CONNECTIONS,
            )
            # Proxies and ~/.netrc have no say about a local socket, and looking them up takes time.
            client.trust_env = scheme != "unix"
            self.reach = self._look_around(client)
        except TLSParameterError as error:
            raise SetupError(
                f"the certificates for {self.url} cannot be used: {error}",
                remedy="put ca.pem, cert.pem and key.pem into DOCKER_CERT_PATH",
            ) from error
        except (DockerException, OSError) as error:
            self._explain_silence(error, "connecting")
        return client

    def _knock(self) -> None:
        """See whether somebody listens: docker-py leaks a socket when nobody does."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            door.settimeout(self._answer_within)
            door.connect(urlsplit(self.url).path)

    def _look_around(self, client: APIClient) -> Reach:
        host = urlsplit(self.url).hostname or LOOPBACK
        answer = client.get(
            f"{client.base_url}/v{client.api_version}/info", timeout=self._answer_within
        )
        # A proxy in front of the engine may keep /info to itself.
        info: dict[str, Any] = answer.json() if answer.ok else {}
        rootless = "name=rootless" in (info.get("SecurityOptions") or [])
        desktop = info.get("OperatingSystem") == "Docker Desktop"
        return Reach(host, inside=not rootless and not desktop)

    def _explain_silence(self, error: BaseException, what: str, *, acts: bool = False) -> NoReturn:
        """Raise our own error for a call that got no answer."""
        cause = _root(error)
        if isinstance(cause, PermissionError):
            raise SetupError(
                f"no right to use the Docker engine at {self.url}",
                remedy="add yourself to the group docker (`sudo usermod -aG docker $USER`, then "
                f"log in again), or run as root, {USE_ANOTHER}",
            ) from error
        if isinstance(cause, FileNotFoundError) and not self._was_here:
            raise SetupError(
                f"there is no Docker engine at {self.url}",
                remedy="install Docker and start it (`sudo systemctl start docker`), "
                f"{USE_ANOTHER}",
            ) from error
        if isinstance(cause, NEVER_SENT) or not acts or _never_connected(error):
            hint = "; is it running?" if isinstance(cause, ConnectionRefusedError) else ""
            raise HostUnavailableError(
                f"the Docker engine at {self.url} did not answer ({what}): {cause}{hint}"
            ) from error
        raise OutcomeUnknownError(
            f"{what} was sent to the Docker engine at {self.url} and its answer never came: {cause}"
        ) from error

    def _explain_refusal(
        self, response: requests.Response, what: str, *, about: str, acts: bool
    ) -> NoReturn:
        """Raise our own error for an answer that says no."""
        code, words = response.status_code, _words(response)
        response.close()
        if code == HTTPStatus.NOT_FOUND and "no such container" in words.lower():
            raise InstanceGoneError(InstanceName(about))
        if code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise SetupError(
                f"{self.url} forbids {what}: {words}",
                remedy="allow it in the proxy in front of the Docker engine (containers: read and "
                "POST; events; exec where probes use it)",
            )
        if "client version" in words:
            self.close()
            raise HostUnavailableError(f"the Docker engine at {self.url} was replaced: {words}")
        if code >= HTTPStatus.INTERNAL_SERVER_ERROR and not acts:
            raise HostUnavailableError(
                f"the Docker engine at {self.url} failed ({what}): {code} {words}"
            )
        raise RefusedError(words)


def segment(id_or_name: str) -> str:
    """Make a container's id or name safe to stand in a path."""
    return quote(id_or_name, safe="")


def _words(response: requests.Response) -> str:
    """Read what the engine says."""
    try:
        return str(response.json()["message"]).strip()
    except (ValueError, KeyError, TypeError):
        return response.text.strip()[:500] or response.reason


def _chain(error: BaseException) -> list[BaseException]:
    """Unpack what was wrapped: requests wraps urllib3 wraps the operating system."""
    found: list[BaseException] = []
    todo: list[object] = [error]
    while todo:
        one = todo.pop(0)
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            todo += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return found


def _root(error: BaseException) -> BaseException:
    """Find what the operating system said; the error itself when it said nothing."""
    chain = [e for e in _chain(error) if not isinstance(e, requests.exceptions.RequestException)]
    said = [e for e in chain if isinstance(e, TimeoutError) or getattr(e, "errno", None)]
    return said[0] if said else error


def _never_connected(error: BaseException) -> bool:
    return any(isinstance(e, requests.exceptions.ConnectTimeout) for e in _chain(error))
