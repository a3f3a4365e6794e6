"""What only one process of a machine may have: one acting agent per container engine, for one."""

import contextlib
import socket


class HostLock:
    """A name that only one process of this machine can hold; the kernel frees it when that ends.

    It is an abstract Unix socket: no file to go stale, no right to a directory needed. Processes in
    different network namespaces do not see each other's.

    Args:
        name: What is taken; a hundred bytes at most.
    """

    def __init__(self, name: str) -> None:
        self._name = f"\0healing-{name}"
        self._socket: socket.socket | None = None

    def take(self) -> bool:
        """Take it; False when another process has it."""
        if self._socket is not None:
            return True
        attempt = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            attempt.bind(self._name)
        except OSError:
            attempt.close()
            return False
        self._socket = attempt
        return True

    def release(self) -> None:
        """Give it back."""
        with contextlib.suppress(OSError):
            if self._socket is not None:
                self._socket.close()
        self._socket = None
