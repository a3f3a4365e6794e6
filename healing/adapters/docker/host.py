"""A Docker engine as the place where our containers live."""

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import requests
import urllib3

from healing.adapters.docker.engine import Engine, find_engine, segment
from healing.adapters.docker.events import DockerHappenings, happened
from healing.adapters.docker.output import text, unframe
from healing.adapters.docker.picture import Raw, from_inspection, from_list, part, shares_network_of
from healing.errors import HostUnavailableError, InstanceGoneError, OutcomeUnknownError
from healing.instances import Happening, Instance
from healing.services import Exec

OUTPUT_KEPT = 16 * 1024
"""Bytes of the end of a program's output that `execute` returns."""
LOOKING_AT_ONCE = 8
Clock: TypeAlias = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class DockerHost:
    """The containers of one Docker engine.

    Nothing is asked before the first call. Errors tell apart what has to be put right on this
    machine (`SetupError`), an engine that does not answer now (`HostUnavailableError`), and an act
    whose answer never came (`OutcomeUnknownError`).

    Args:
        url: Where the engine listens; None asks `DOCKER_HOST` and the usual sockets.
        answer_within: How long looking at something may take.
        act_within: How long an act may take, on top of a container's time to stop.
        silence: How long an event stream without events is believed to be alive.
        now: Tells the time.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        answer_within: timedelta = timedelta(seconds=5),
        act_within: timedelta = timedelta(seconds=60),
        silence: timedelta = timedelta(seconds=10),
        now: Clock = _utc_now,
    ) -> None:
        self.url = url or find_engine()
        self._engine = Engine(self.url, answer_within=answer_within)
        self._act_within = act_within
        self._silence = silence
        self._now = now

    def ping(self) -> str:
        """Answer with the engine's name and version.

        Raises:
            SetupError: There is no engine, or no right to use it.
            HostUnavailableError: It did not answer in time.
        """
        version = self._engine.get("/version")
        parts = version.get("Components") or [{"Name": "Engine"}]
        return f"Docker {parts[0]['Name']} {version['Version']}"

    def identity(self) -> str:
        """Name the engine itself: the same engine, however it is reached, has the same name.

        Raises:
            HostUnavailableError: It did not answer in time.
        """
        return str(self._engine.get("/info")["ID"])

    def instances(self) -> Sequence[Instance]:
        """List every container, running or not, without health logs.

        The list itself says neither when a container was started nor what its limits are, so each
        one is inspected as well (1.3 ms each). One that cannot be inspected now, as happens when
        its HEALTHCHECK hangs, is told as far as the list knows it.

        Raises:
            HostUnavailableError: The engine did not answer in time.
        """
        rows: Sequence[Raw] = self._engine.get("/containers/json", all=1)
        with ThreadPoolExecutor(LOOKING_AT_ONCE, thread_name_prefix="inspect") as pool:
            seen = list(pool.map(self._look_or_believe, rows))
        return [instance for instance in seen if instance is not None]

    def inspect(self, id_or_name: str) -> Instance:
        """Look at one container closely.

        Raises:
            InstanceGoneError: There is no such container.
            HostUnavailableError: The engine did not answer in time.
        """
        raw = self._inspect_raw(id_or_name)
        other = shares_network_of(raw)
        return from_inspection(
            raw, self._engine.reach, shares=self._if_there(other) if other else None
        )

    def logs(self, id_or_name: str, *, lines: int, since: datetime | None = None) -> str:
        """Read the last lines of output, both streams, oldest first.

        Raises:
            InstanceGoneError: There is no such container.
            RefusedError: Its log driver keeps nothing that can be read.
        """
        is_terminal = part(self._inspect_raw(id_or_name), "Config").get("Tty")
        data = self._engine.get_bytes(
            f"/containers/{segment(id_or_name)}/logs",
            about=id_or_name,
            stdout=1,
            stderr=1,
            tail=lines,
            since=f"{since.timestamp():.6f}" if since else 0,
        )
        return text(data if is_terminal else unframe(data))

    def start(self, id_or_name: str) -> None:
        """Start a stopped container; one that runs is left alone.

        Raises:
            RefusedError: The engine says why it cannot.
            InstanceGoneError: There is no such container.
            OutcomeUnknownError: No answer in time; it may have happened.
        """
        self._engine.act(
            f"/containers/{segment(id_or_name)}/start", about=id_or_name, within=self._act_within
        )

    def restart(self, id_or_name: str, *, grace: timedelta) -> None:
        """Stop a container, killing it after `grace` (whole seconds), and start it again.

        Raises:
            RefusedError: The engine says why it cannot.
            InstanceGoneError: There is no such container.
            OutcomeUnknownError: No answer in time; it may have happened.
        """
        self._engine.act(
            f"/containers/{segment(id_or_name)}/restart",
            about=id_or_name,
            within=self._act_within + grace,
            t=math.ceil(grace.total_seconds()),
        )

    def execute(self, id_or_name: str, command: Exec, *, timeout: timedelta) -> tuple[int, str]:
        """Run a program inside. Returns its exit code and the end of its output.

        A program that takes too long is killed, where the engine is on this machine and we may: the
        engine itself has no call for that.

        Raises:
            RefusedError: The container does not run, or cannot run another program.
            InstanceGoneError: There is no such container.
            OutcomeUnknownError: It did not end in time.
        """
        deadline = time.monotonic() + timeout.total_seconds()
        asked = {"Cmd": list(command.argv), "AttachStdout": True, "AttachStderr": True}
        run: str = self._engine.post(
            f"/containers/{segment(id_or_name)}/exec", asked, about=id_or_name
        )["Id"]
        response = self._engine.follow(
            "POST",
            f"/exec/{run}/start",
            silence=timeout + timedelta(seconds=1),
            about=id_or_name,
            body={"Detach": False, "Tty": False},
        )
        output = _read_until(response, deadline)
        state = self._result(run, deadline)
        if state["Running"] or state["ExitCode"] is None:
            _kill_inside(int(state.get("Pid") or 0), container=str(state.get("ContainerID") or ""))
            raise OutcomeUnknownError(
                f"{' '.join(command.argv)!r} in {id_or_name!r} did not end within "
                f"{timeout.total_seconds():g} s"
            )
        return int(state["ExitCode"]), text(unframe(output))[-OUTPUT_KEPT:]

    def happened(self, *, since: datetime) -> Sequence[Happening]:
        """List what happened since then, as far as the engine remembers: its last 256 events.

        Raises:
            HostUnavailableError: The engine did not answer in time.
        """
        return happened(self._engine, since=since, until=self._now())

    def happenings(self, *, since: datetime | None) -> DockerHappenings:
        """Follow what happens, from `since` on as far as the engine remembers.

        Raises:
            HostUnavailableError: The engine did not answer, or fell silent.
        """
        return DockerHappenings(self._engine, since=since, silence=self._silence, now=self._now)

    def close(self) -> None:
        """Close every idle connection."""
        self._engine.close()

    def _inspect_raw(self, id_or_name: str) -> Raw:
        raw: Raw = self._engine.get(f"/containers/{segment(id_or_name)}/json", about=id_or_name)
        return raw

    def _if_there(self, id_or_name: str) -> Instance | None:
        """Look at a container that another one was given the network of, and that may be gone."""
        try:
            return self.inspect(id_or_name)
        except InstanceGoneError:
            return None

    def _look_or_believe(self, row: Raw) -> Instance | None:
        try:
            return self.inspect(row["Id"])
        except InstanceGoneError:
            return None
        except HostUnavailableError:
            return from_list(row, self._engine.reach)

    def _result(self, run: str, deadline: float) -> dict[str, Any]:
        """Ask how a program ended; the engine may know a moment after its output has."""
        while True:
            state: dict[str, Any] = self._engine.get(f"/exec/{run}/json")
            if not state["Running"] or time.monotonic() > deadline:
                return state
            time.sleep(0.01)


def _read_until(response: requests.Response, deadline: float) -> bytes:
    """Read a stream to its end, or as far as it came when the time is up."""
    left = max(0.0, deadline - time.monotonic())
    alarm = threading.Timer(left, response.raw.shutdown)
    alarm.daemon = True
    alarm.start()
    data = b""
    try:
        while piece := response.raw.read1():
            data += piece
    except (urllib3.exceptions.HTTPError, OSError):
        pass
    finally:
        alarm.cancel()
        alarm.join()
        response.close()
    return data


def _kill_inside(pid: int, *, container: str) -> None:
    """Kill a process of this machine, if it is one of this very container's."""
    try:
        handle = os.pidfd_open(pid)
    except (OSError, ValueError):
        return
    try:
        if container and container in Path(f"/proc/{pid}/cgroup").read_text():
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    except OSError:
        pass
    finally:
        os.close(handle)
