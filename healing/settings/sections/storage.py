"""`storage`."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from healing.settings.kinds import (
    DockerAddress,
    Duration,
    Flag,
    HttpAddress,
    RedisAddress,
    Secret,
    read_text,
)
from healing.settings.section import Section


def _read_directory(value: object) -> Path:
    text = read_text(str(value)).strip()
    if not text or "\0" in text:
        raise ValueError("must name a directory")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ValueError("the home of this user is not known: name a directory in full") from None


class Prometheus(Section):
    """Where history and live metrics are read."""

    url: HttpAddress = Field(default="http://127.0.0.1:9090", repr=False)
    """Address of Prometheus or anything that speaks its query API."""
    timeout: Duration = timedelta(seconds=10)
    """How long one query may take."""
    headers: Mapping[str, Secret] = Field(default_factory=dict[str, Secret])
    """Headers sent with every query, such as `Authorization`."""
    verify_tls: Flag = True
    """Whether the certificate must be good."""


class Docker(Section):
    """The container engine."""

    url: DockerAddress = "unix:///var/run/docker.sock"
    """Where the engine listens; `processes://DIRECTORY` is our own supervisor of processes."""
    timeout: Duration = timedelta(seconds=5)
    """How long one question to it may take."""


class Prefect(Section):
    """The Prefect server that keeps the record."""

    api_url: HttpAddress | None = Field(default=None, repr=False)
    """Its API, which ends in `/api`; without one `heal up` starts a server of its own."""
    patience: Duration = timedelta(milliseconds=500)
    """How long acting waits for the record; after that the record is made afterwards."""


class Retention(Section):
    """How long things are kept."""

    history: Duration = timedelta(days=30)
    """Samples read from Prometheus."""
    vanished: Duration = timedelta(days=7)
    """History and models of a service that is not looked after any more."""
    ledger: Duration = timedelta(days=365)
    """What was seen, decided and done."""


class Storage(Section):
    """Where state lives and what we talk to."""

    state_dir: Annotated[Path, BeforeValidator(_read_directory, json_schema_input_type=str)] = (
        Field(default=Path("~/.local/state/healing"), validate_default=True)
    )
    """Directory for everything that must survive a restart; `~` is the home of the user."""
    redis_url: RedisAddress | None = Field(default=None, repr=False)
    """The shared state; without one `heal up` starts a server of its own."""
    prometheus: Prometheus = Field(default_factory=Prometheus)
    """Where history and live metrics are read."""
    docker: Docker = Field(default_factory=Docker)
    """The container engine."""
    prefect: Prefect = Field(default_factory=Prefect)
    """The Prefect server that keeps the record."""
    model_key: Secret | None = Field(default=None, repr=False)
    """Signs models; without one a key is made and kept in the state directory."""
    retention: Retention = Field(default_factory=Retention)
    """How long things are kept."""
