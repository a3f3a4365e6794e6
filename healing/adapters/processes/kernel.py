"""What we ask of Linux: end with your parent, and find what belongs to us without doubt."""

import contextlib
import ctypes
import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

MARK = "HEALING_SUPERVISED_BY"
"""Set in the environment of all we start. A process number is used again; this is not."""
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with(parent: int) -> Callable[[], None]:
    """Make a function that lets the calling process be killed when `parent` ends.

    It runs between fork and exec. The parent must fork from its main thread, since Linux means the
    thread that forked.
    """

    def arrange() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # The parent may have died before that.
        if os.getppid() != parent:
            os._exit(1)

    return arrange


def sweep(mark: str) -> int:
    """Kill every process that carries a mark beginning with `mark`. Returns how many there were.

    It looks again until none is left, since one may fork meanwhile. One that hangs in the kernel is
    given up after a second; it ends as soon as the kernel lets go of it.
    """
    killed = 0
    deadline = time.monotonic() + 1
    while (found := list(_marked(mark))) and time.monotonic() < deadline:
        for handle in found:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            select.select([handle], [], [], 0.1)
            os.close(handle)
        killed += len(found)
    return killed


def _marked(mark: str) -> Iterator[int]:
    """Open a handle on each process with the mark that still runs."""
    wanted = f"{MARK}={mark}".encode()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            handle = os.pidfd_open(int(folder.name))
        except OSError:
            continue
        # Read after the handle was opened: the handle never means another process than this.
        with contextlib.suppress(OSError):
            environment = (folder / "environ").read_bytes().split(b"\0")
            if any(variable.startswith(wanted) for variable in environment):
                yield handle
                continue
        os.close(handle)
