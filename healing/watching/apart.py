"""Learn in a process of its own, that gives its memory back when it ends.

Growing forests needs scikit-learn, whose 130 MB a long-lived process would never see again; and it
takes seconds to import, so one process learns all shards of a run.
"""

import os
import pickle
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from multiprocessing import Pipe
from multiprocessing.connection import Connection

from healing.errors import OutcomeUnknownError
from healing.names import ServiceName
from healing.watching.learner import Learned, Learner

LONGEST = timedelta(minutes=30)
ENDS_WITHIN = 10.0


class Apart:
    """A process that learns: begun when it is first asked, and kept until it is let go.

    Safe to share among threads, which then take turns.
    """

    def __init__(self) -> None:
        self._taking_turns = threading.Lock()
        self._child: _Child | None = None

    @property
    def pid(self) -> int | None:
        """Which process it is; None while there is none."""
        child = self._child
        return child.process.pid if child else None

    def learn(
        self, learner: Learner, names: Sequence[ServiceName], *, seed: int, only_due: bool
    ) -> list[Learned]:
        """Have `learner` learn these services there.

        Raises:
            OutcomeUnknownError: The process ended without an answer, or took half an hour; its last
                words are in the message, and the next question goes to another one.
        """
        with self._taking_turns:
            child, self._child = self._child or _Child(), None
            try:
                learned = child.ask((learner, tuple(names), seed, only_due))
            except BaseException:
                child.end()
                raise
            self._child = child
            return learned

    def let_go(self) -> None:
        """End the process, when it has answered; there will be another one when it is needed."""
        with self._taking_turns:
            child, self._child = self._child, None
            if child:
                child.end()


class _Child:
    """The other process, seen from here. It ends when it is told to, or when we do."""

    def __init__(self) -> None:
        self._ours, theirs = Pipe()
        self._says = tempfile.TemporaryFile()  # noqa: SIM115 closed when the process has ended
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self.process = subprocess.Popen(  # noqa: S603 ourselves
            [sys.executable, "-m", __name__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=self._says,
            stderr=self._says,
            env=env,
        )
        theirs.close()

    def ask(self, question: object) -> list[Learned]:
        try:
            self._ours.send(question)
            if not self._ours.poll(LONGEST.total_seconds()):
                raise OutcomeUnknownError(f"learning apart took longer than {LONGEST}")
            return self._ours.recv()
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            self._wait()
            self._says.seek(0)
            said = self._says.read().decode(errors="replace")[-2000:]
            raise OutcomeUnknownError(
                f"learning apart ended with code {self.process.returncode}\n{said}"
            ) from error

    def end(self) -> None:
        self._wait()
        self._says.close()

    def _wait(self) -> None:
        self._ours.close()  # which it takes for an order to end
        try:
            self.process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def main(handle: int) -> None:
    """Answer what the parent asks, until it asks no more."""
    parent = Connection(handle)
    with suppress(EOFError):
        while True:
            learner, names, seed, only_due = parent.recv()
            parent.send(learner.learn_all(names, seed=seed, only_due=only_due))


if __name__ == "__main__":
    main(int(sys.argv[1]))
