"""One supervised program: its life, in the words of containers."""

import asyncio
import os
import signal
import subprocess
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from healing.adapters.processes.journal import Journal
from healing.adapters.processes.kernel import MARK, die_with, sweep
from healing.adapters.processes.program import Program
from healing.errors import OutcomeUnknownError, RefusedError
from healing.instances import Happening, Health, HealthCheck, Instance, Status, What

CHECKS_KEPT = 5
OUTPUT_KEPT = 16 * 1024
CANNOT_START = 127
SIGNAL_BASE = 128
PIPE_BYTES = 64 * 1024

Tell: TypeAlias = Callable[[Happening], None]


class Child:
    """One program, started and stopped as Docker would a container. Lives on one event loop.

    Args:
        program: What to run.
        home: The supervisor's folder.
        tell: Is told what happens.
    """

    def __init__(self, program: Program, *, home: Path, tell: Tell) -> None:
        self.program = program
        self.id = uuid.uuid4().hex
        self._home = home
        self._tell = tell
        self._mark = f"{home}:{program.name}:"
        self._journal = Journal(home / "logs" / f"{program.name}.log")
        self._acting = asyncio.Lock()
        self._created_at = datetime.now(UTC)
        self._started_at: datetime | None = None
        self._finished_at: datetime | None = None
        self._exit_code: int | None = None
        self._error = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._output: int | None = None
        self._ended = asyncio.Event()
        self._health = Health.NONE
        self._checks: list[HealthCheck] = []
        self._checking: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Whether its main process is there."""
        return self._process is not None

    def look(self) -> Instance:
        """Describe it as it stands now."""
        if self.is_running:
            status = Status.RUNNING
        else:
            status = Status.EXITED if self._finished_at or self._error else Status.CREATED
        return Instance(
            id=self.id,
            name=self.program.name,
            status=status,
            health=self._health,
            health_log=tuple(self._checks),
            created_at=self._created_at,
            started_at=self._started_at,
            finished_at=self._finished_at,
            exit_code=None if self.is_running else self._exit_code,
            error=self._error,
            image=self.program.argv[0],
            labels=self.program.labels,
            address=self.program.address,
            pid=self._process.pid if self._process else 0,
            stop_grace=self.program.stop_grace,
        )

    def logs(self, *, lines: int, since: datetime | None) -> str:
        """Read the last lines it printed."""
        return self._journal.read(lines=lines, since=since)

    async def start(self) -> None:
        """Start it; one that runs is left alone."""
        async with self._acting:
            if not self.is_running:
                self._spawn()

    async def stop(self, grace: timedelta | None) -> None:
        """Ask it to end, and kill it after `grace`."""
        async with self._acting:
            await self._stop(grace)

    async def restart(self, grace: timedelta | None) -> None:
        """Stop it and start it again."""
        async with self._acting:
            await self._stop(grace)
            self._spawn()

    async def end(self) -> None:
        """Kill it and wait until it is gone."""
        async with self._acting:
            if self.is_running:
                self._send(signal.SIGKILL)
                await self._ended.wait()

    def kill(self, number: int) -> None:
        """Send a signal to its main process."""
        if self._process is None:
            raise RefusedError(f"{self.program.name} is not running")
        self._send(number)

    async def execute(self, argv: tuple[str, ...], timeout: timedelta) -> tuple[int, str]:  # noqa: ASYNC109 - the port's word
        """Run another program in its place and environment."""
        if not self.is_running:
            raise RefusedError(f"{self.program.name} is not running")
        mark = f"{self._mark}exec:{uuid.uuid4().hex}"
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=self._environment(mark),
                cwd=self._cwd(),
                start_new_session=True,
                preexec_fn=die_with(os.getpid()),
            )
        except OSError as error:
            return CANNOT_START, f"{argv[0]}: {error.strerror}\n"
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                output, _ = await process.communicate()
        except TimeoutError:
            sweep(mark)
            await process.wait()
            raise OutcomeUnknownError(
                f"{' '.join(argv)!r} in {self.program.name!r} did not end within {timeout}"
            ) from None
        return _exit_code(process.returncode or 0), output.decode(errors="replace")[-OUTPUT_KEPT:]

    def _spawn(self) -> None:
        output, printed = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        os.set_blocking(printed, True)
        try:
            process = subprocess.Popen(  # noqa: S603 - no shell reads it
                self.program.argv,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
                env=self._environment(f"{self._mark}{self.id}"),
                cwd=self._cwd(),
                start_new_session=True,
                preexec_fn=die_with(os.getpid()),  # noqa: PLW1509 - the supervisor has one thread
            )
        except OSError as error:
            os.close(output)
            self._error = f"{error.filename or self.program.argv[0]}: {error.strerror}"
            self._exit_code = CANNOT_START
            raise RefusedError(self._error) from error
        finally:
            os.close(printed)
        self._process, self._error, self._exit_code = process, "", None
        self._started_at = datetime.now(UTC)
        self._ended.clear()
        self._happened(What.STARTED)
        loop = asyncio.get_running_loop()
        self._output = output
        loop.add_reader(output, self._read)
        handle = os.pidfd_open(process.pid)
        loop.add_reader(handle, self._reap, process, handle)
        if self.program.health:
            self._health = Health.STARTING
            self._checking = loop.create_task(self._check_health())

    async def _stop(self, grace: timedelta | None) -> None:
        if self._process is None:
            return
        patience = self.program.stop_grace if grace is None else grace
        self._send(signal.SIGTERM)
        try:
            async with asyncio.timeout(patience.total_seconds()):
                await self._ended.wait()
        except TimeoutError:
            self._send(signal.SIGKILL)
            await self._ended.wait()
        self._happened(What.STOPPED)

    def _send(self, number: int) -> None:
        process = self._process
        if process is not None:
            self._happened(What.SIGNALLED, signal=int(number))
            # Not reaped yet, so the number is still this process's own.
            os.kill(process.pid, number)

    def _reap(self, process: subprocess.Popen[bytes], handle: int) -> None:
        """Take note of the end of the main process, and end what it left behind."""
        asyncio.get_running_loop().remove_reader(handle)
        os.close(handle)
        self._exit_code = _exit_code(process.wait())
        self._process = None
        if self._checking is not None:
            self._checking.cancel()
        self._health = Health.NONE
        sweep(self._mark)
        while self._read():
            pass
        self._finished_at = datetime.now(UTC)
        self._happened(What.DIED, exit_code=self._exit_code)
        self._ended.set()

    def _read(self) -> bool:
        """Take in what it printed. Returns whether there may be more right now."""
        output, now = self._output, datetime.now(UTC)
        if output is None:
            return False
        try:
            if data := os.read(output, PIPE_BYTES):
                self._journal.take(data, now)
                return True
        except BlockingIOError:
            if self.is_running:
                return False
        self._journal.end(now)
        asyncio.get_running_loop().remove_reader(output)
        os.close(output)
        self._output = None
        return False

    async def _check_health(self) -> None:
        check = self.program.health
        bad = 0
        while check is not None:
            await asyncio.sleep(check.every.total_seconds())
            try:
                code, output = await self.execute(check.argv, check.timeout)
            except (OutcomeUnknownError, RefusedError) as error:
                code, output = -1, str(error)
            bad = bad + 1 if code else 0
            now = datetime.now(UTC)
            self._checks = [
                *self._checks[-CHECKS_KEPT + 1 :],
                HealthCheck(at=now, exit_code=code, output=output),
            ]
            if bad == 0 and self._health is not Health.HEALTHY:
                self._health = Health.HEALTHY
                self._happened(What.HEALTHY)
            elif bad >= check.failures and self._health is not Health.UNHEALTHY:
                self._health = Health.UNHEALTHY
                self._happened(What.UNHEALTHY)

    def _happened(
        self, what: What, *, exit_code: int | None = None, signal: int | None = None
    ) -> None:
        self._tell(
            Happening(
                what=what,
                id=self.id,
                name=self.program.name,
                at=datetime.now(UTC),
                exit_code=exit_code,
                signal=signal,
                labels=self.program.labels,
            )
        )

    def _environment(self, mark: str) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", os.defpath), **self.program.env, MARK: mark}

    def _cwd(self) -> str:
        return self.program.cwd or str(self._home)


def _exit_code(returned: int) -> int:
    """Say it as a shell and Docker do: 128 and the signal."""
    return returned if returned >= 0 else SIGNAL_BASE - returned
