"""A supervisor of processes as the place where our services live."""

import contextlib
import fcntl
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Self

from pydantic import TypeAdapter, ValidationError

from healing.adapters.processes.program import (
    LOCK,
    Answer,
    Program,
    Question,
    Trouble,
    Wish,
    unix_socket,
)
from healing.errors import (
    HostUnavailableError,
    InstanceGoneError,
    OutcomeUnknownError,
    RefusedError,
    SetupError,
)
from healing.instances import Happening, Instance
from healing.names import InstanceName
from healing.services import Exec

STARTS_WITHIN = 15.0
SLACK = timedelta(seconds=2)
"""What a conversation may take on top of what was asked for."""

_question = TypeAdapter(Question)
_answer = TypeAdapter(Answer)


class ProcessHost:
    """The programs of one supervisor.

    Args:
        home: The supervisor's folder: socket, logs.
        answer_within: How long looking at something may take.
        act_within: How long an act may take, on top of a program's time to stop.
        silence: How long an event stream without a heartbeat is believed to be alive.
    """

    def __init__(
        self,
        home: Path,
        *,
        answer_within: timedelta = timedelta(seconds=5),
        act_within: timedelta = timedelta(seconds=60),
        silence: timedelta = timedelta(seconds=10),
    ) -> None:
        self.home = home.resolve()
        self._answer_within = answer_within
        self._act_within = act_within
        self._silence = silence

    def up(self, programs: Sequence[Program]) -> None:
        """Make sure that a supervisor runs and knows these programs, and that they run.

        Raises:
            SetupError: The supervisor cannot be started here.
            RefusedError: A program cannot be started.
        """
        self._ensure_supervisor()
        self.declare(programs)
        for program in programs:
            self.start(program.name)

    def declare(self, programs: Sequence[Program]) -> None:
        """Make programs known without starting them."""
        self._act(Question(wish=Wish.DECLARE, programs=tuple(programs)))

    def down(self) -> None:
        """Stop every program and the supervisor; nothing to do when there is none.

        Raises:
            OutcomeUnknownError: They did not end in time.
        """
        with contextlib.suppress(HostUnavailableError):
            grace = max((i.stop_grace for i in self.instances()), default=timedelta())
            self._ask(Question(wish=Wish.END), within=self._answer_within)
            self._wait_for_the_end(self._act_within + grace)

    def ping(self) -> str:
        """Answer with the supervisor's name and process.

        Raises:
            HostUnavailableError: It did not answer in time.
        """
        return self._look(Question(wish=Wish.PING)).words

    def identity(self) -> str:
        """Name the supervisor: its folder."""
        return str(self.home)

    def instances(self) -> Sequence[Instance]:
        """List every program, running or not.

        Raises:
            HostUnavailableError: The supervisor did not answer in time.
        """
        return self._look(Question(wish=Wish.LIST)).instances

    def inspect(self, id_or_name: str) -> Instance:
        """Look at one program.

        Raises:
            InstanceGoneError: There is no such program.
            HostUnavailableError: The supervisor did not answer in time.
        """
        return self._look(Question(wish=Wish.INSPECT, name=id_or_name)).instances[0]

    def logs(self, id_or_name: str, *, lines: int, since: datetime | None = None) -> str:
        """Read the last lines of output, both streams, oldest first."""
        question = Question(wish=Wish.LOGS, name=id_or_name, lines=lines, since=since)
        return self._look(question).words

    def start(self, id_or_name: str) -> None:
        """Start a stopped program; one that runs is left alone.

        Raises:
            RefusedError: It cannot be started.
            InstanceGoneError: There is no such program.
            OutcomeUnknownError: No answer in time; it may have happened.
        """
        self._act(Question(wish=Wish.START, name=id_or_name))

    def stop(self, id_or_name: str, *, grace: timedelta | None = None) -> None:
        """Ask a program to end and kill it after `grace`; None takes its own."""
        self._act(Question(wish=Wish.STOP, name=id_or_name, grace=grace))

    def restart(self, id_or_name: str, *, grace: timedelta) -> None:
        """Stop a program, killing it after `grace`, and start it again.

        Raises:
            RefusedError: It cannot be started.
            InstanceGoneError: There is no such program.
            OutcomeUnknownError: No answer in time; it may have happened.
        """
        self._act(Question(wish=Wish.RESTART, name=id_or_name, grace=grace))

    def kill(self, id_or_name: str, number: int) -> None:
        """Send a signal to the main process of a program.

        Raises:
            RefusedError: It does not run.
        """
        self._act(Question(wish=Wish.KILL, name=id_or_name, signal=number))

    def remove(self, id_or_name: str) -> None:
        """Kill a program and forget it."""
        self._act(Question(wish=Wish.REMOVE, name=id_or_name))

    def execute(self, id_or_name: str, command: Exec, *, timeout: timedelta) -> tuple[int, str]:
        """Run another program in its place. Returns its exit code and the end of its output.

        Raises:
            RefusedError: The program does not run.
            InstanceGoneError: There is no such program.
            OutcomeUnknownError: It did not end in time; it was killed.
        """
        answer = self._ask(
            Question(wish=Wish.EXECUTE, name=id_or_name, argv=command.argv, timeout=timeout),
            within=timeout + SLACK,
            acts=True,
        )
        return answer.exit_code or 0, answer.words

    def happened(self, *, since: datetime) -> Sequence[Happening]:
        """List what happened since then, as far as the supervisor remembers.

        Raises:
            HostUnavailableError: The supervisor did not answer in time.
        """
        return self._look(Question(wish=Wish.HAPPENED, since=since)).happened

    def happenings(self, *, since: datetime | None) -> "ProcessHappenings":
        """Follow what happens, from `since` on as far as the supervisor remembers.

        Raises:
            HostUnavailableError: The supervisor did not answer, or fell silent.
        """
        connection = self._connect()
        connection.settimeout(self._silence.total_seconds())
        stream = ProcessHappenings(connection)
        stream.begin(since)
        return stream

    def _look(self, question: Question) -> Answer:
        return self._ask(question, within=self._answer_within)

    def _act(self, question: Question) -> Answer:
        grace = question.grace or (timedelta(minutes=1) if question.wish is Wish.STOP else SLACK)
        return self._ask(question, within=self._act_within + grace, acts=True)

    def _ask(self, question: Question, *, within: timedelta, acts: bool = False) -> Answer:
        with contextlib.closing(self._connect()) as connection:
            try:
                connection.settimeout(within.total_seconds())
                connection.sendall(_line(question))
                with connection.makefile("rb") as lines:
                    answer = _answer.validate_json(lines.readline())
            except (OSError, ValidationError) as error:
                what = f"the supervisor in {self.home} did not answer {question.wish!s}: {error}"
                raise (OutcomeUnknownError if acts else HostUnavailableError)(what) from error
        match answer.trouble:
            case None:
                return answer
            case Trouble.GONE:
                raise InstanceGoneError(InstanceName(answer.words))
            case Trouble.REFUSED:
                raise RefusedError(answer.words)
            case Trouble.TOO_LONG:
                raise OutcomeUnknownError(answer.words)

    def _connect(self) -> socket.socket:
        try:
            return unix_socket(self.home, listen=False)
        except PermissionError as error:
            raise SetupError(
                f"no right to talk to the supervisor in {self.home}",
                remedy="run as the user who started it",
            ) from error
        except OSError as error:
            raise HostUnavailableError(f"no supervisor answers in {self.home}: {error}") from error

    def _ensure_supervisor(self) -> None:
        with contextlib.suppress(HostUnavailableError):
            self.ping()
            return
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        command = [sys.executable, "-m", "healing.adapters.processes.supervisor", str(self.home)]
        with (self.home / "supervisor.log").open("ab") as log:
            # It leaves a child of its own behind and ends: ours to wait for, not to keep.
            subprocess.run(  # noqa: S603 - our own program
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=Path(__file__).parents[3],
                timeout=STARTS_WITHIN,
                check=False,
            )
        deadline = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < deadline:
            with contextlib.suppress(HostUnavailableError):
                self.ping()
                return
            time.sleep(0.05)
        raise SetupError(
            f"the supervisor did not start within {STARTS_WITHIN:g} s",
            remedy=f"see {self.home / 'supervisor.log'}",
        )

    def _wait_for_the_end(self, within: timedelta) -> None:
        """Wait until the supervisor lets go of its lock, which it does when all has ended."""
        deadline = time.monotonic() + within.total_seconds()
        with (self.home / LOCK).open() as lock:
            while time.monotonic() < deadline:
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                    return
                time.sleep(0.05)
        raise OutcomeUnknownError(f"the supervisor in {self.home} did not end within {within}")


class ProcessHappenings:
    """Follows what happens to programs, in the order the supervisor tells it.

    The supervisor sends an empty line every two seconds, so that silence means trouble.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines: BinaryIO = connection.makefile("rb")
        self._closed = False

    def begin(self, since: datetime | None) -> None:
        """Ask for what happens, and wait until the supervisor takes note of us."""
        with contextlib.suppress(BrokenPipeError):
            self._connection.sendall(_line(Question(wish=Wish.FOLLOW, since=since)))
        self._next_line()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Happening:
        while not self._closed:
            line = self._next_line()
            if line.strip():
                answer = _answer.validate_json(line)
                if answer.happening is not None:
                    return answer.happening
        raise StopIteration

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it; a thread that waits for the next happening sees the end. From any thread."""
        self._closed = True
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            self._lines.close()
        self._connection.close()

    def _next_line(self) -> bytes:
        """Wait for a line; an empty one is a heartbeat, and nothing at all the end."""
        try:
            line = self._lines.readline()
        except TimeoutError as error:
            self.close()
            raise HostUnavailableError("the supervisor fell silent") from error
        except (OSError, ValueError):
            line = b""
        if not line.endswith(b"\n"):
            self.close()
            return b""
        return line


def _line(question: Question) -> bytes:
    return _question.dump_json(question) + b"\n"
