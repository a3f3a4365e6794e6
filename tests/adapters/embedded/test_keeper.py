"""Programs that are kept running: they end, they hang, somebody wants all to stop."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from healing.adapters.embedded.child import Child
from healing.adapters.embedded.keeper import Keeper, Part, Stop
from healing.errors import SetupError
from tests.real import free_port

GIVE_UP_AFTER = 60

# Says it is there only after a while, as a server does, and answers whoever connects.
SERVER = """
import socket, sys, time
time.sleep(float(sys.argv[2]))
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    while True:
        with server.accept()[0] as one:
            one.sendall(b"here")
"""

INTERRUPTED = """
import os, random, signal, threading
from healing.adapters.embedded.keeper import stop_on_signals
rng = random.Random(1)
for _ in range(1000):
    stop = stop_on_signals()
    kill = threading.Timer(rng.uniform(0, 0.002), os.kill, (os.getpid(), signal.SIGTERM))
    kill.start()
    while not stop.wait(0):
        pass
    kill.join()
"""


def test_a_signal_is_heard_whatever_it_interrupts() -> None:
    subprocess.run([sys.executable, "-c", INTERRUPTED], check=True, timeout=120)


class Until(Stop):
    """Wants to stop as soon as something holds."""

    def __init__(self, claim: Callable[[], bool]) -> None:
        super().__init__()
        self._claim = claim
        self._deadline = time.monotonic() + GIVE_UP_AFTER

    def wait(self, seconds: float) -> bool:
        assert time.monotonic() < self._deadline, "it never came true"
        return super().wait(seconds) or self._claim()


@dataclass
class Story:
    """A server that is kept running, and what was said of it."""

    directory: Path
    slow: float = 0.0
    said: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.port = free_port()
        argv = [sys.executable, "-c", SERVER, str(self.port), str(self.slow)]
        child = Child("server", argv, env={}, log=self.directory / "log", cwd=self.directory)
        self.part = Part(child, self.answers, others_wait=False)

    def answers(self) -> bool:
        with contextlib.suppress(OSError), socket.socket() as one:
            one.settimeout(0.2)
            one.connect(("127.0.0.1", self.port))
            return one.recv(4) == b"here"
        return False

    def signal(self, which: signal.Signals) -> None:
        assert self.part.child.pid
        os.kill(self.part.child.pid, which)

    @contextlib.contextmanager
    def kept(self, until: Callable[[], bool], hung_after: float = 1.0) -> Iterator[Keeper]:
        keeper = Keeper(Until(until), say=self.said.append, hung_after=hung_after, ask_every=0.2)
        with keeper:
            keeper.start(self.part)
            yield keeper

    def is_back(self) -> bool:
        return self.part.starts > 1 and self.answers()


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path)


def test_what_ends_is_started_again(story: Story) -> None:
    with story.kept(story.is_back) as keeper:
        keeper.wait_for_all()
        story.signal(signal.SIGKILL)
        keeper.keep()

    assert story.said == [
        "starting server ...",
        "server ended with code -9; again in 1 s",
        "stopping ...",
    ]


def test_what_hangs_is_ended_and_started_again(story: Story) -> None:
    with story.kept(story.is_back) as keeper:
        keeper.wait_for_all()
        story.signal(signal.SIGSTOP)
        began = time.monotonic()
        keeper.keep()

    assert time.monotonic() - began >= 1
    assert "server runs, and has not answered for 1 s" in story.said


def test_what_is_slow_to_start_is_left_alone(tmp_path: Path) -> None:
    story = Story(tmp_path, slow=2)
    with story.kept(story.answers, hung_after=0.5) as keeper:
        keeper.keep()

    assert story.part.starts == 1


def test_pauses_grow_and_begin_anew_after_steady_running(story: Story) -> None:
    story.part.starts = 4  # the fifth start comes, after four ends in a row
    with story.kept(lambda: story.part.next_start > 0) as keeper:
        keeper.wait_for_all()
        story.signal(signal.SIGKILL)
        keeper.keep()

        story.part.next_start = 0
        story.part.started_at -= 3600
        keeper.keep()

    pauses = [words for words in story.said if "again in" in words]
    assert pauses == [f"server ended with code -9; again in {pause} s" for pause in (30, 1)]


def test_whoever_wants_to_stop_need_not_wait_for_a_slow_start(tmp_path: Path) -> None:
    story = Story(tmp_path, slow=GIVE_UP_AFTER)
    with story.kept(lambda: True) as keeper:
        keeper.wait_for_all()
        pytest.fail("it waited, and then went on")

    assert not story.part.child.is_running


def test_what_ends_while_it_is_awaited_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "raise SystemExit('no such database')"]
    child = Child("server", argv, env={}, log=tmp_path / "log", cwd=tmp_path)
    with (
        pytest.raises(SetupError, match=r"server ended with code 1:\nno such database"),
        Keeper(Stop(), say=str) as keeper,
    ):
        keeper.start(Part(child, lambda: False))
