"""`services.<name>.probes`: ways to ask a container whether it works."""

from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, model_validator

from healing.services import Exec, Http, Probe, Tcp
from healing.settings.kinds import Count, Duration, read_argv, read_text
from healing.settings.section import Section
from healing.units import shown

_STANDARD = Probe(check=Http(""))
_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "ksh", "fish", "busybox", "env"})
_HIGHEST_PORT = 65535


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) <= _HIGHEST_PORT


def _read_http(value: object) -> str:
    url = read_text(value).strip()
    rest = url.removeprefix("http://").removeprefix("https://")
    address = rest.partition("/")[0].partition("?")[0].rpartition("@")[2]
    if rest == url or not address or any(letter.isspace() for letter in url):
        raise ValueError(f"must be like http://:8080/health, not {shown(url)}")
    # An address of version 6 stands in brackets, with colons of its own.
    _, colon, port = address.rpartition("]")[2].partition(":")
    if colon and not _is_port(port):
        raise ValueError(f"needs a port from 1 to {_HIGHEST_PORT}, not {shown(port)}")
    return url


def _read_tcp(value: object) -> str:
    """Read `tcp://host:5432`, `host:5432`, `:5432` or `5432` as `host:port`."""
    text = read_text(value).strip().removeprefix("tcp://")
    host, _, port = text.rpartition(":")
    if not _is_port(port) or "/" in host:
        raise ValueError(f"must be like tcp://:5432, not {shown(value)}")
    return f"{host}:{port}"


def _read_exec(value: object) -> tuple[str, ...]:
    argv = read_argv(value)
    program = argv[0].rpartition("/")[2]
    if program in _SHELLS and ("-c" in argv or program in {"busybox", "env"}):
        raise ValueError(
            "no shell ever runs what a file says: name the program itself, or a script in the image"
        )
    return argv


class ProbeSettings(Section):
    """One way to ask a container whether it works: exactly one of http, tcp, exec."""

    http: Annotated[str, BeforeValidator(_read_http)] | None = None
    """GET this address; an empty host, as in `http://:8080/health`, is the container's own."""
    tcp: Annotated[str, BeforeValidator(_read_tcp, json_schema_input_type=str | int)] | None = None
    """Open a connection: `tcp://:5432`; an empty host is the container's own."""
    exec: (
        Annotated[
            tuple[str, ...], BeforeValidator(_read_exec, json_schema_input_type=list[str] | str)
        ]
        | None
    ) = None
    """Run a program inside the container, never a shell; exit code 0 is good."""
    every: Duration | None = None
    """How often to ask; by default `recovery.health_check_interval`."""
    timeout: Duration = _STANDARD.timeout
    """How long to wait for an answer."""
    failures: Count = _STANDARD.failures
    """Bad answers in a row before it counts as unresponsive."""

    @model_validator(mode="after")
    def _exactly_one(self) -> "ProbeSettings":
        if sum(way is not None for way in (self.http, self.tcp, self.exec)) != 1:
            raise ValueError("must have exactly one of http, tcp, exec")
        return self

    def probe(self, every: timedelta) -> Probe:
        """Hand it to the domain, with the interval to use where it has none of its own."""
        if self.http is not None:
            check = Http(self.http)
        elif self.tcp is not None:
            host, _, port = self.tcp.rpartition(":")
            check = Tcp(int(port), host)
        else:
            check = Exec(self.exec or ())
        return Probe(
            check=check, every=self.every or every, timeout=self.timeout, failures=self.failures
        )


def read_probe(value: object) -> object:
    """Read the short form of a probe: `http://...`, `tcp://...` or `exec:PROGRAM ARGUMENT...`.

    Raises:
        ValueError: It is none of these.
    """
    if not isinstance(value, str):
        return value
    kind, colon, rest = value.partition(":")
    match kind.strip().lower():
        case "http" | "https" if colon:
            return {"http": value.strip()}
        case "tcp" if colon:
            return {"tcp": value.strip()}
        case "exec" if colon:
            return {"exec": rest.strip()}
        case _:
            raise ValueError(
                "must begin with http://, https://, tcp:// or exec:, as in http://:8080/health, "
                f"not {shown(value)}"
            )
