"""What the engine's JSON means in our own words."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias, TypeVar

from healing.adapters.docker.engine import LOOPBACK, Reach
from healing.instances import Health, HealthCheck, Instance, RestartPolicy, Status
from healing.names import InstanceName

DEFAULT_STOP_GRACE = timedelta(seconds=10)
"""The engine's own, for a container that names none."""
EVERYWHERE = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared with, never bound
EXIT_CODE = re.compile(r"\((\d+)\)")
HEALTH_IN_TEXT = {
    "(healthy)": Health.HEALTHY,
    "(unhealthy)": Health.UNHEALTHY,
    "(health: starting)": Health.STARTING,
}

Raw: TypeAlias = Mapping[str, Any]
Word = TypeVar("Word", bound=StrEnum)


def from_inspection(raw: Raw, reach: Reach, *, shares: Instance | None = None) -> Instance:
    """Read one container from `GET /containers/{id}/json`.

    `shares` is the container whose network it uses, if it has none of its own.
    """
    state, config, host = part(raw, "State"), part(raw, "Config"), part(raw, "HostConfig")
    health = part(state, "Health")
    grace = config.get("StopTimeout")
    status = _known(Status, state["Status"], otherwise=Status.EXITED)
    finished_at = moment(state.get("FinishedAt"))
    ended = finished_at is not None and status not in {Status.RUNNING, Status.PAUSED}
    return Instance(
        id=raw["Id"],
        name=InstanceName(raw["Name"].lstrip("/")),
        status=status,
        health=_known(Health, health.get("Status"), otherwise=Health.NONE),
        health_log=tuple(_health_check(entry) for entry in health.get("Log") or ()),
        created_at=moment(raw.get("Created")),
        started_at=moment(state.get("StartedAt")),
        finished_at=finished_at,
        exit_code=int(state["ExitCode"]) if ended else None,
        out_of_memory=bool(state.get("OOMKilled")),
        error=state.get("Error") or "",
        restart_count=int(raw.get("RestartCount") or 0),
        restart_policy=_known(
            RestartPolicy, part(host, "RestartPolicy").get("Name"), otherwise=RestartPolicy.NO
        ),
        image=config.get("Image") or "",
        labels=dict(part(config, "Labels")),
        address=_address(raw, reach, shares),
        published=shares.published if shares else _published(raw, reach),
        pid=int(state.get("Pid") or 0),
        memory_limit=int(host.get("Memory") or 0) or None,
        stop_grace=DEFAULT_STOP_GRACE if grace is None else timedelta(seconds=int(grace)),
    )


def from_list(raw: Raw, reach: Reach) -> Instance:
    """Read what one row of `GET /containers/json` can tell: no times, no limits, no policy."""
    text: str = raw.get("Status") or ""
    status = _known(Status, raw["State"], otherwise=Status.EXITED)
    code = EXIT_CODE.search(text) if text.startswith(("Exited", "Restarting")) else None
    return Instance(
        id=raw["Id"],
        name=InstanceName(raw["Names"][0].lstrip("/")),
        status=status,
        health=next((h for words, h in HEALTH_IN_TEXT.items() if words in text), Health.NONE),
        created_at=datetime.fromtimestamp(raw["Created"], UTC),
        exit_code=int(code[1]) if code else None,
        image=raw.get("Image") or "",
        labels=dict(part(raw, "Labels")),
        address=_address(raw, reach, None),
    )


def shares_network_of(raw: Raw) -> str | None:
    """Name the container whose network this one uses; None when it has its own."""
    kind, _, other = _network_mode(raw).partition(":")
    return other if kind == "container" else None


def part(raw: Raw, key: str) -> Raw:
    """Take a part of the JSON that may be missing or null."""
    found: Raw | None = raw.get(key)
    return found or {}


def moment(text: str | None) -> datetime | None:
    """Read a time; the engine writes year 1 for never. Parts of microseconds are cut off."""
    if not text or text.startswith("0001-"):
        return None
    return datetime.fromisoformat(text).astimezone(UTC)


def _health_check(raw: Raw) -> HealthCheck:
    at = moment(raw.get("End")) or moment(raw.get("Start")) or datetime.min.replace(tzinfo=UTC)
    return HealthCheck(at=at, exit_code=int(raw["ExitCode"]), output=raw.get("Output") or "")


def _known(words: type[Word], word: str | None, *, otherwise: Word) -> Word:
    """Read one of the words we know; engines that are not Docker's have more of them."""
    return words(word) if word in set(words) else otherwise


def _network_mode(raw: Raw) -> str:
    mode: str = part(raw, "HostConfig").get("NetworkMode") or ""
    return mode


def _address(raw: Raw, reach: Reach, shares: Instance | None) -> str:
    if _network_mode(raw) == "host":
        return reach.host
    if shares is not None:
        return shares.address
    if not reach.inside:
        return ""
    networks: Mapping[str, Raw] = part(part(raw, "NetworkSettings"), "Networks")
    return next((n["IPAddress"] for n in networks.values() if n.get("IPAddress")), "")


def _published(raw: Raw, reach: Reach) -> dict[int, str]:
    ports: Mapping[str, list[Raw] | None] = part(part(raw, "NetworkSettings"), "Ports")
    found: dict[int, str] = {}
    for inside, bindings in ports.items():
        number, _, protocol = inside.partition("/")
        if protocol == "tcp" and bindings:
            # IPv4 first: the same port is often published on both.
            binding = min(bindings, key=lambda b: ":" in b["HostIp"])
            found[int(number)] = f"{_host(binding['HostIp'], reach)}:{binding['HostPort']}"
    return found


def _host(published_on: str, reach: Reach) -> str:
    if published_on in EVERYWHERE or reach.host != LOOPBACK:
        return reach.host
    return f"[{published_on}]" if ":" in published_on else published_on
