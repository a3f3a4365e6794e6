"""A door in front of a real Docker engine that can be slammed, held or lied through."""

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

PIECE = 64 * 1024


class FaultyDoor:
    """Listens on a Unix socket and passes everything on to the engine, unless told otherwise.

    Attributes:
        url: Where it listens.
        requests: First lines of what was asked, as `GET /v1.41/events?...`.
    """

    def __init__(self, socket_file: Path, engine: str) -> None:
        self.url = f"unix://{socket_file}"
        self.requests: list[str] = []
        self._file = socket_file
        self._engine = engine.removeprefix("unix://")
        self._frozen: Callable[[str], bool] = lambda _: False
        self._answers: dict[str, bytes] = {}
        self._muted: set[socket.socket] = set()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._threads: list[threading.Thread] = []
        self._open = True
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(socket_file))
        self._listener.listen(64)
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def freeze(self, when: Callable[[str], bool] = lambda _: True) -> None:
        """Take requests in from now on and never answer those for which `when` holds."""
        self._frozen = when

    def thaw(self) -> None:
        """Pass new requests on again; what was held stays held."""
        self._frozen = lambda _: False

    def answer(self, path: str, response: bytes) -> None:
        """Answer requests whose first line contains `path` with this instead."""
        self._answers[path] = response

    def say(self, piece: bytes) -> None:
        """Put bytes into every open conversation, as if the engine had said them."""
        for inside, _ in self._pairs:
            with contextlib.suppress(OSError):
                inside.sendall(piece)

    def mute(self) -> None:
        """Lose from now on what the engine says in open conversations, without closing them."""
        self._muted |= {inside for inside, _ in self._pairs}

    def cut(self) -> None:
        """Cut every open conversation."""
        for pair in self._pairs:
            for one in pair:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the door; its socket is gone, as when the engine stops."""
        self._open = False
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in [self._accepting, *self._threads]:
            thread.join(10)
        self._file.unlink(missing_ok=True)

    def _accept(self) -> None:
        while self._open:
            try:
                inside, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._pass_on, args=(inside,))
            self._threads.append(thread)
            thread.start()

    def _pass_on(self, inside: socket.socket) -> None:
        with inside, socket.socket(socket.AF_UNIX) as outside:
            outside.connect(self._engine)
            self._pairs.append((inside, outside))
            for source, piece in _pieces(inside, outside):
                if source is inside:
                    line = piece.split(b"\r\n", 1)[0].decode(errors="replace")
                    self.requests.append(line)
                    if self._frozen(line):
                        _wait_for_the_end(inside)
                        return
                    if answer := next((a for p, a in self._answers.items() if p in line), None):
                        inside.sendall(answer)
                        continue
                if source is outside and inside in self._muted:
                    continue
                other = outside if source is inside else inside
                with contextlib.suppress(OSError):
                    other.sendall(piece)


def _pieces(*sockets: socket.socket) -> Iterator[tuple[socket.socket, bytes]]:
    with selectors.DefaultSelector() as selector:
        for one in sockets:
            selector.register(one, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                source = key.fileobj
                assert isinstance(source, socket.socket)
                try:
                    piece = source.recv(PIECE)
                except OSError:
                    piece = b""
                if not piece:
                    return
                yield source, piece


def _wait_for_the_end(inside: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while inside.recv(PIECE):
            pass
