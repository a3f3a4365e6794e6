"""A program that we start, watch and stop; it never outlives us."""

import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class Child:
    """One child process in a group of its own, with its output in a file.

    Args:
        name: What we call it.
        argv: Program and arguments.
        env: Its whole environment.
        log: Where its output goes, appended.
        cwd: Where it runs.
        user: The user it runs as; None: ourselves.
        stop_with: The signal that asks it to end.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        log: Path,
        cwd: Path,
        user: str | None = None,
        stop_with: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name = name
        self.log = log
        self._argv = list(argv)
        self._env = dict(env)
        self._cwd = cwd
        self._user = user
        self._stop_with = stop_with
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, or start it again; from the main thread, whose end is its end."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        parent = os.getpid()
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own programs, no shell
                self._argv,
                env=self._env,
                cwd=self._cwd,
                user=self._user,
                group=self._user,
                extra_groups=[] if self._user else None,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=lambda: _die_with(parent, self._stop_with),  # noqa: PLW1509 - no threads yet
            )

    @property
    def pid(self) -> int | None:
        """Its process id; None before it was started."""
        return self._process.pid if self._process else None

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs, or before it was started."""
        return self._process.poll() if self._process else None

    @property
    def is_running(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def last_lines(self, count: int = 15) -> str:
        """Give the end of its output."""
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])
        return ""

    def stop(self, *, within: float = 15.0) -> None:
        """Ask it to end, and kill its whole group when it does not within `within` seconds."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(self._stop_with)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(within)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _die_with(parent: int, how: signal.Signals) -> None:
    """Have the kernel end us when our parent does; runs in the child, before the program."""
    _libc.prctl(_PR_SET_PDEATHSIG, how, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if os.getppid() != parent:
        os._exit(1)
