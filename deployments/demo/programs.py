"""The shop as supervised processes, where no Docker engine can be had."""

import signal as signals
import sys
from datetime import timedelta
from pathlib import Path

from deployments.demo.ports import free_addresses
from deployments.demo.shop import APPS, PARTS, Address, Part, cache_arguments, environment
from healing.adapters.processes import ProcessHost, Program
from healing.names import InstanceName


class ShopInProcesses:
    """The shop under a supervisor of its own.

    Each part has a loopback address of its own, so that all of them can use the same ports as in
    containers, and the configuration is the same.

    Args:
        home: The supervisor's folder.
        project: Names the processes as the containers would be.
        valkey: The server's program.
    """

    def __init__(self, home: Path, project: str, valkey: Path) -> None:
        self.host = ProcessHost(home)
        self.host_url = f"processes://{self.host.home}"
        self._project = project
        self._valkey = valkey
        self._addresses: dict[Part, str] = {}

    def up(self) -> None:
        """Start everything."""
        addresses = free_addresses([part.port for part in PARTS])
        self._addresses = dict(zip(PARTS, addresses, strict=True))
        self.host.up([self._program(part) for part in PARTS])

    def down(self) -> None:
        """Stop everything, also what an earlier demo left."""
        self.host.down()

    def close(self) -> None:
        """Nothing is kept open."""

    def start(self, name: str) -> None:
        """Start a process that has ended."""
        self.host.start(name)

    def stop(self, name: str) -> None:
        """Stop a process, as an operator does."""
        self.host.stop(name)

    def kill(self, name: str, signal: int) -> None:
        """Send a signal to a process."""
        self.host.kill(name, signals.Signals(signal))

    def outside(self, part: Part) -> Address:
        """Say where this machine reaches a part."""
        return f"{self._addresses[part]}:{part.port}"

    def ping_command(self) -> list[str]:
        """Give the program that asks the cache from inside."""
        return [sys.executable, str(APPS / "ping.py")]

    def _program(self, part: Part) -> Program:
        address = self._addresses[part]
        if part.app:
            argv = (sys.executable, str(APPS / part.app))
        else:
            argv = (str(self._valkey), *cache_arguments(address))
        return Program(
            name=InstanceName(part.name(self._project)),
            argv=argv,
            env={
                **environment(part, self.outside),
                "ADDRESS": address,
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONUNBUFFERED": "1",
            },
            address=address,
            labels=part.labels(self._project),
            stop_grace=timedelta(seconds=part.grace),
        )
