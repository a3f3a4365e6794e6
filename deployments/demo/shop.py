"""What the demo's shop consists of, wherever it runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import yaml

from healing.ports import Host

APPS = Path(__file__).parent / "apps"
WEB, CACHE = 8080, 6379
MEBIBYTE = 1024 * 1024

Address: TypeAlias = str
"""`host:port`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing that runs: a container, or a process where there are none.

    Attributes:
        app: Its program in `apps`; empty for the cache, which is a Valkey server.
        memory: Bytes it may have.
        grace: Seconds to stop by itself before it is killed.
        is_looked_after: Whether it is healed, or only part of the scenery.
    """

    service: str
    number: int = 1
    app: str = ""
    port: int = WEB
    depends_on: tuple[str, ...] = ()
    memory: int = 128 * MEBIBYTE
    grace: int = 3
    is_looked_after: bool = True

    def name(self, project: str) -> str:
        """Name it as Compose would."""
        return f"{project}-{self.service}-{self.number}"

    def labels(self, project: str) -> dict[str, str]:
        """Give the labels that Compose would, and ours."""
        depends_on = ",".join(f"{name}:service_started:false" for name in self.depends_on)
        labels = {
            "com.docker.compose.project": project,
            "com.docker.compose.service": self.service,
            "com.docker.compose.container-number": str(self.number),
            "com.docker.compose.depends_on": depends_on,
        }
        if self.is_looked_after:
            labels |= {"healing.enable": "true", "healing.service": self.service}
            if self.depends_on:
                labels["healing.depends_on"] = ",".join(self.depends_on)
            if self.app:
                labels["healing.probe"] = f"http://:{self.port}/health"
        return labels


# In the order in which they are started.
PARTS = (
    Part(service="cache", port=CACHE, memory=96 * MEBIBYTE),
    Part(service="cache-exporter", app="cache_exporter.py", is_looked_after=False),
    Part(service="api", number=1, app="api.py", depends_on=("cache",)),
    Part(service="api", number=2, app="api.py", depends_on=("cache",)),
    Part(service="worker", app="worker.py", depends_on=("cache",), memory=256 * MEBIBYTE),
    Part(service="gateway", app="gateway.py", depends_on=("api",)),
)
CACHE_KEEPS = 64 * MEBIBYTE

Find: TypeAlias = Callable[[Part], Address]


class Shop(Protocol):
    """The shop as it runs here, and what people and misfortune do to it."""

    @property
    def host(self) -> Host:
        """Where it runs, as the agent sees it."""
        ...

    @property
    def host_url(self) -> str:
        """Where it runs, as the configuration says it (`storage.docker.url`)."""
        ...

    def up(self) -> None:
        """Start every part."""
        ...

    def down(self) -> None:
        """Stop and remove every part, also those of an earlier demo."""
        ...

    def close(self) -> None:
        """Let go of what was needed to do so."""
        ...

    def start(self, name: str) -> None:
        """Start a part that has ended."""
        ...

    def stop(self, name: str) -> None:
        """Stop a part, as an operator does."""
        ...

    def kill(self, name: str, signal: int) -> None:
        """Send a signal to a part."""
        ...

    def outside(self, part: Part) -> Address:
        """Say where this machine reaches a part."""
        ...

    def ping_command(self) -> list[str]:
        """Give the program that asks the cache from inside."""
        ...


def environment(part: Part, find: Find) -> dict[str, str]:
    """Give a part's environment; `find` says where the others are."""
    cache, *_ = of("cache")
    env = {"PORT": str(part.port), "CACHE": find(cache), "MEMORY_LIMIT": str(part.memory)}
    if part.service == "gateway":
        env["REPLICAS"] = ",".join(find(replica) for replica in of("api"))
    return env


def of(service: str) -> tuple[Part, ...]:
    """List the parts of one service."""
    return tuple(part for part in PARTS if part.service == service)


def cache_arguments(address: str) -> list[str]:
    """Give the arguments of the Valkey server: nothing on disk, bounded memory."""
    return [
        *("--bind", address, "--port", str(CACHE), "--protected-mode", "no"),
        *("--save", "", "--appendonly", "no"),
        *("--maxmemory", str(CACHE_KEEPS), "--maxmemory-policy", "allkeys-lru"),
    ]


@dataclass(frozen=True, slots=True)
class _Watched:
    """How one service is probed and measured."""

    probe: Mapping[str, Any]
    metrics: Mapping[str, Any] = field(default_factory=dict[str, Any])
    depends_on: tuple[str, ...] = ()


def services_section(project: str, ping: list[str]) -> str:
    """Write the `services` section of the configuration for this shop, as YAML."""
    web = {"http": f"http://:{WEB}/health", "every": "2s", "timeout": "1s", "failures": 2}
    cache = {"exec": ping, "every": "4s", "timeout": "2s", "failures": 2}
    watched = {
        "cache": _Watched(cache, _cache_metrics()),
        "api": _Watched(web, _process("api") | _web("api"), ("cache",)),
        "worker": _Watched(web, _process("worker") | _jobs("worker"), ("cache",)),
        "gateway": _Watched(web, _process("gateway") | _web("gateway"), ("api",)),
    }
    services = {
        name: {
            "target": {"compose": f"{project}/{name}"},
            "probes": [dict(one.probe)],
            "metrics": dict(one.metrics),
            **({"depends_on": list(one.depends_on)} if one.depends_on else {}),
            "limits": {"settle": "5s", "stable_for": "10s", "verify_within": "60s"},
        }
        for name, one in watched.items()
    }
    return yaml.safe_dump({"services": services}, sort_keys=False, width=120)


def _process(service: str) -> dict[str, Any]:
    return {
        "memory": {
            "query": f'max(process_resident_memory_bytes{{service="{service}"}})',
            "unit": "bytes",
            "capacity": f'min(process_memory_limit_bytes{{service="{service}"}})',
        },
        "cpu": {
            "query": f'sum(rate(process_cpu_seconds_total{{service="{service}"}}[1m]))',
            "unit": "cores",
        },
    }


def _web(service: str) -> dict[str, Any]:
    requests = f'sum(rate(http_requests_total{{service="{service}"}}[1m]))'
    failed = f'sum(rate(http_requests_total{{service="{service}",status="5xx"}}[1m]))'
    return {
        "requests": {"query": requests, "unit": "1/s"},
        "errors": {"query": f"{failed} / clamp_min({requests}, 0.01)", "unit": "ratio"},
        "latency_p99": _p99("http_request_duration_seconds", service),
    }


def _jobs(service: str) -> dict[str, Any]:
    return {
        "jobs": {"query": f'sum(rate(jobs_total{{service="{service}"}}[1m]))', "unit": "1/s"},
        "queue": {"query": f'max(queue_depth{{service="{service}"}})', "unit": "jobs"},
        "job_p99": _p99("job_duration_seconds", service),
    }


def _cache_metrics() -> dict[str, Any]:
    return {
        "memory": {
            "query": "max(cache_memory_bytes)",
            "unit": "bytes",
            "capacity": "max(cache_memory_limit_bytes)",
        },
        "commands": {"query": "sum(rate(cache_commands_total[1m]))", "unit": "1/s"},
    }


def _p99(histogram: str, service: str) -> dict[str, str]:
    buckets = f'sum by (le) (rate({histogram}_bucket{{service="{service}"}}[1m]))'
    return {"query": f"histogram_quantile(0.99, {buckets})", "unit": "seconds"}
