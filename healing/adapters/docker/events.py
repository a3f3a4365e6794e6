"""The engine's event stream, in our own words."""

import contextlib
import json
import logging
import signal
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import requests
import urllib3

from healing.adapters.docker.engine import Engine
from healing.instances import Happening, What
from healing.names import InstanceName

log = logging.getLogger(__name__)

WHAT = {
    "create": What.CREATED,
    "start": What.STARTED,
    "kill": What.SIGNALLED,
    "die": What.DIED,
    "stop": What.STOPPED,
    "oom": What.OUT_OF_MEMORY,
    "pause": What.PAUSED,
    "unpause": What.UNPAUSED,
    "health_status: healthy": What.HEALTHY,
    "health_status: unhealthy": What.UNHEALTHY,
    "destroy": What.REMOVED,
}
ASKED_FOR = sorted({action.partition(":")[0] for action in WHAT})
"""The rest never crosses the wire: a HEALTHCHECK alone makes three exec events each time."""
WANTED = json.dumps({"type": ["container"], "event": ASKED_FOR})
NOT_LABELS = frozenset({"name", "image", "exitCode", "signal", "execDuration"})
NANOSECONDS = 1_000_000_000


def read_event(line: bytes) -> tuple[int, Happening] | None:
    """Read one event and its time in nanoseconds; None when it means nothing to us.

    Raises:
        ValueError: It is not an event at all.
    """
    try:
        raw: dict[str, Any] = json.loads(line)
        what = WHAT.get(raw["Action"])
        if what is None or raw["Type"] != "container":
            return None
        facts: dict[str, str] = raw["Actor"]["Attributes"]
        nanoseconds = int(raw["timeNano"])
        return nanoseconds, Happening(
            what=what,
            id=raw["Actor"]["ID"],
            name=InstanceName(facts["name"]),
            at=datetime.fromtimestamp(nanoseconds // NANOSECONDS, UTC)
            + timedelta(microseconds=nanoseconds % NANOSECONDS // 1000),
            exit_code=int(facts["exitCode"]) if "exitCode" in facts else None,
            signal=_signal(facts["signal"]) if "signal" in facts else None,
            labels={k: v for k, v in facts.items() if k not in NOT_LABELS},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not an event: {error!r} in {line[:200]!r}") from error


def _signal(text: str) -> int:
    """Read a signal; the engine writes its number, others its name."""
    return int(text) if text.isdigit() else int(signal.Signals[text.upper()])


def happened(engine: Engine, *, since: datetime, until: datetime) -> list[Happening]:
    """List what happened between two times, as far as the engine remembers: its last 256 events.

    Raises:
        HostUnavailableError: The engine did not answer in time.
    """
    lines = engine.get_bytes(
        "/events",
        since=_stamp(_nanoseconds(since)),
        until=_stamp(_nanoseconds(until)),
        filters=WANTED,
    ).splitlines()
    found: list[Happening] = []
    for line in lines:
        try:
            read = read_event(line)
        except ValueError as error:
            log.warning("event skipped: %s", error)
            continue
        if read is not None:
            found.append(read[1])
    return found


class DockerHappenings:
    """Follows what happens to containers, in the order the engine tells it.

    A connection can be dead without a word. So after `silence` without an event the engine is asked
    whether it is there, and the stream is opened anew from the last event on: nothing is lost,
    nothing is told twice. An engine that does not answer ends it with an error. No thread is
    involved.

    Args:
        engine: Where to listen.
        since: From when on; the engine remembers its last 256 events. None means from now on.
        silence: How long a quiet connection is believed.
        now: Tells the time; the engine is on the same machine.

    Raises:
        HostUnavailableError: The engine did not answer, or fell silent.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        since: datetime | None,
        silence: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._engine = engine
        self._silence = silence
        self._from = _nanoseconds(since or now())
        self._told_at_from: set[bytes] = set()
        self._ready: deque[Happening] = deque()
        self._torn = b""
        self._closed = False
        self._reading = threading.Lock()
        self._response: requests.Response | None = self._listen()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Happening:
        with self._reading:
            while not self._ready and not self._closed:
                self._read_on()
            if self._closed:
                self._hang_up()
                raise StopIteration
            return self._ready.popleft()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it; a thread that waits for the next happening sees the end. From any thread."""
        self._closed = True
        response = self._response
        if response is not None:
            # The reader may be done with this connection by now: then there is nothing to wake.
            with contextlib.suppress(OSError, ValueError, RuntimeError):
                response.raw.shutdown()
        if self._reading.acquire(blocking=False):
            try:
                self._hang_up()
            finally:
                self._reading.release()

    def _read_on(self) -> None:
        """Wait for the next piece of the stream and take the events in it."""
        if self._response is None:
            self._response = self._listen()
            return
        try:
            piece: bytes = self._response.raw.read1()
        except urllib3.exceptions.ReadTimeoutError:
            self._hang_up()
            self._engine.get("/version")
            return
        except (urllib3.exceptions.HTTPError, OSError):
            piece = b""
        if not piece:
            self._closed = True
            return
        *lines, self._torn = (self._torn + piece).split(b"\n")
        for line in lines:
            self._take(line)

    def _take(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            read = read_event(line)
        except ValueError as error:
            log.warning("event skipped: %s", error)
            return
        if read is None:
            return
        at, happening = read
        if at == self._from and line in self._told_at_from:
            return
        if at > self._from:
            self._from = at
            self._told_at_from.clear()
        self._told_at_from.add(line)
        self._ready.append(happening)

    def _listen(self) -> requests.Response:
        self._torn = b""
        return self._engine.follow(
            "GET",
            "/events",
            silence=self._silence,
            since=_stamp(self._from),
            filters=WANTED,
        )

    def _hang_up(self) -> None:
        response, self._response = self._response, None
        if response is not None:
            response.close()


def _nanoseconds(at: datetime) -> int:
    since_epoch = at - datetime.fromtimestamp(0, UTC)
    return since_epoch // timedelta(microseconds=1) * 1000


def _stamp(nanoseconds: int) -> str:
    return f"{nanoseconds // NANOSECONDS}.{nanoseconds % NANOSECONDS:09d}"
