"""Waiting for whatever comes first: a call from this process, word from the fleet, or the time."""

import contextlib
import selectors
import socket
from typing import Any

from redis.client import PubSub
from redis.exceptions import RedisError

from healing.adapters.redis.standing import text

_of_parents: list[PubSub] = []


class Ears:
    """Hears calls through a pair of sockets, as a lock could not be waited for beside Redis."""

    def __init__(self) -> None:
        self._mouth, self._ear = socket.socketpair()
        self._mouth.settimeout(0)
        self._ear.settimeout(0)
        self._is_called = False
        self._heard: PubSub | None = None

    def call(self) -> None:
        """End the waiting; from any thread, without ever waiting itself."""
        if not self._is_called:
            self._is_called = True
            # Full or closed: it is awake already, or will not wake again.
            with contextlib.suppress(OSError):
                self._mouth.send(b"!")

    @property
    def is_listening(self) -> bool:
        """Whether there is a subscription."""
        return self._heard is not None

    def listen(self, heard: PubSub) -> None:
        """Hear a subscription too."""
        self.hang_up()
        self._heard = heard

    def wait(self, seconds: float) -> dict[str, int]:
        """Wait at most so long.

        Returns:
            Breakers that changed meanwhile, with their newest epoch.
        """
        sources: list[Any] = [self._ear]
        channel = getattr(getattr(self._heard, "connection", None), "_sock", None)
        if channel is not None:
            sources.append(channel)
        # Made anew each time, as a subscription comes and goes; `select` knows 1,024 files only.
        with contextlib.suppress(OSError, ValueError), selectors.DefaultSelector() as selector:
            for source in sources:
                selector.register(source, selectors.EVENT_READ)
            selector.select(max(0.0, seconds))
        with contextlib.suppress(BlockingIOError):
            self._ear.recv(4096)
        self._is_called = False
        return self._changes()

    def hang_up(self) -> None:
        """Give the subscription back."""
        if self._heard is not None:
            with contextlib.suppress(RedisError, OSError):
                self._heard.close()
            self._heard = None

    def close(self) -> None:
        """Give everything back."""
        self.hang_up()
        self._mouth.close()
        self._ear.close()

    def abandon(self) -> None:
        """Let go in a child process of what is the parent's, without touching its connection."""
        if self._heard is not None:
            # Kept, as its end would take locks that a thread of the parent may have held.
            _of_parents.append(self._heard)
            self._heard = None
        self.close()

    def _changes(self) -> dict[str, int]:
        changes: dict[str, int] = {}
        heard: Any = self._heard
        try:
            while heard and (message := heard.get_message(timeout=0)):
                # What nobody understands is passed over: the next look sees what changed.
                with contextlib.suppress(ValueError):
                    epoch, _, name = text(message["data"]).partition(" ")
                    changes[name] = int(epoch)
        except (RedisError, OSError):
            self.hang_up()
        return changes
