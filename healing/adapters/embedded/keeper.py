"""Programs that we keep running: started in order, and again when they end or hang."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Self

from healing.adapters.embedded.child import Child
from healing.errors import SetupError

READY_WITHIN = 120.0
"""Seconds; the first start of a Prefect server makes its database."""
HUNG_AFTER, ENDS_WITHIN = 60.0, 5.0
"""Seconds without an answer after which what has answered before is asked to end, and killed."""
LOOK_EVERY, ASK_EVERY = 0.1, 5.0
RESTART_AFTER = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds between the end of a program and its next start; the last one holds from then on."""
STEADY_AFTER = 600.0
"""What ran for so many seconds is started again as if it had never ended before."""


@dataclass(slots=True)
class Part:
    """One of the programs that we keep running.

    Attributes:
        is_ready: Asks it; to answer within seconds, whatever state it is in.
        others_wait: Whether those after it are started only once it is ready.
        starts: How often it was started since it last ran steadily.
        started_at: When it was last started, in seconds of the monotonic clock.
        answered_at: When it was last found ready since then; None: not yet.
        next_start: When it will be started again; 0: it runs.
    """

    child: Child
    is_ready: Callable[[], bool]
    others_wait: bool = True
    starts: int = 0
    started_at: float = 0.0
    answered_at: float | None = None
    next_start: float = 0.0

    def start(self, now: float) -> None:
        """Start it, or start it again."""
        self.child.start()
        self.starts += 1
        self.started_at, self.answered_at, self.next_start = now, None, 0.0


class Stop:
    """Whether somebody wants us to stop.

    A signal may come between any two steps of the main thread, so what notes it takes no lock,
    which that thread may hold: a `threading.Event` would wait for itself now and then.
    """

    def __init__(self) -> None:
        self.is_set = False

    def on_signal(self, _: int, __: FrameType | None) -> None:
        """Note it."""
        self.is_set = True

    def wait(self, seconds: float) -> bool:
        """Wait, and tell whether somebody wants us to stop."""
        time.sleep(seconds)
        return self.is_set


def stop_on_signals() -> Stop:
    """Listen to whoever wants us to stop from now on."""
    stop = Stop()
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, stop.on_signal)
    return stop


class _Stopped(Exception):  # noqa: N818 - not an error: somebody wants us to stop
    """Somebody wants us to stop."""


class Keeper:
    """Keeps programs running until somebody wants us to stop; then the context ends, and they do.

    Args:
        stop: Whether somebody does.
        say: Told in a few words what is started, and why.
        hung_after: Seconds without an answer after which a program is started again.
        ask_every: Seconds between two questions to the same program.
    """

    def __init__(
        self,
        stop: Stop,
        *,
        say: Callable[[str], None],
        hung_after: float = HUNG_AFTER,
        ask_every: float = ASK_EVERY,
    ) -> None:
        self.parts: list[Part] = []
        self._stop = stop
        self._say = say
        self._hung_after = hung_after
        self._ask_every = ask_every

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        for part in reversed(self.parts):
            part.child.stop()
        return isinstance(error, _Stopped)

    def start(self, part: Part) -> None:
        """Start a program, and wait until it is ready if others wait for it.

        Raises:
            SetupError: It ended, or was not ready in time; with the last lines it said.
        """
        self._say(f"starting {part.child.name} ...")
        self.parts.append(part)
        part.start(time.monotonic())
        if part.others_wait:
            self._wait_for(part)

    def wait_for_all(self) -> None:
        """Wait for those that nobody waited for yet.

        Raises:
            SetupError: As `start`.
        """
        for part in self.parts:
            if part.answered_at is None:
                self._wait_for(part)

    def keep(self) -> None:
        """Start again whatever ends or hangs, until somebody wants us to stop."""
        ask_at = 0.0
        while not self._stop.wait(LOOK_EVERY):
            now = time.monotonic()
            asks = now >= ask_at
            if asks:
                ask_at = now + self._ask_every
            for part in self.parts:
                if not part.child.is_running:
                    self._start_again(part, now)
                elif asks:
                    self._ask(part)
        self._say("stopping ...")

    def _wait_for(self, part: Part) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while not part.is_ready():
            if not part.child.is_running or time.monotonic() > deadline:
                said = part.child.last_lines()
                code = part.child.exit_code
                ended = "was not ready in time" if code is None else f"ended with code {code}"
                raise SetupError(
                    f"{part.child.name} {ended}:\n{said}", remedy=f"read {part.child.log}"
                )
            if self._stop.wait(LOOK_EVERY):
                raise _Stopped
        part.answered_at = time.monotonic()

    def _ask(self, part: Part) -> None:
        """End a program that hangs. One that is still starting may take its time."""
        if part.is_ready():
            part.answered_at = time.monotonic()
        elif (
            part.answered_at is not None and time.monotonic() - part.answered_at >= self._hung_after
        ):
            self._say(f"{part.child.name} runs, and has not answered for {self._hung_after:g} s")
            part.child.stop(within=ENDS_WITHIN)

    def _start_again(self, part: Part, now: float) -> None:
        """Start a program that has ended, each time after a longer pause."""
        if part.next_start:
            if now >= part.next_start:
                part.start(now)
            return
        if now - part.started_at >= STEADY_AFTER:
            part.starts = 1
        pause = RESTART_AFTER[min(part.starts, len(RESTART_AFTER)) - 1]
        part.next_start = now + pause
        self._say(f"{part.child.name} ended with code {part.child.exit_code}; again in {pause:g} s")
