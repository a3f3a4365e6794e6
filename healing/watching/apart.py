"""Learn in a process of its own, that gives its memory back when it ends.

Growing forests needs scikit-learn, whose 130 MB a long-lived process would never see again.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta

from healing.errors import OutcomeUnknownError
from healing.names import ServiceName
from healing.watching.learner import Learned, Learner

LONGEST = timedelta(minutes=30)


def learn_apart(
    learner: Learner, names: Sequence[ServiceName], *, seed: int, only_due: bool
) -> list[Learned]:
    """Have `learner` learn these services, in another process.

    Raises:
        OutcomeUnknownError: The process ended without an answer; its last words are in the message.
    """
    asked = pickle.dumps((learner, tuple(names), seed, only_due))
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(  # noqa: S603 ourselves
            [sys.executable, "-m", __name__],
            input=asked,
            capture_output=True,
            env=env,
            timeout=LONGEST.total_seconds(),
            check=True,
        )
    except subprocess.SubprocessError as error:
        stderr: bytes = getattr(error, "stderr", None) or b""
        said = stderr.decode(errors="replace")[-2000:]
        raise OutcomeUnknownError(f"learning apart: {error}\n{said}") from error
    return pickle.loads(done.stdout)  # noqa: S301 our own child wrote it


def main() -> None:
    """Answer what the parent asked on standard input."""
    learner, names, seed, only_due = pickle.load(sys.stdin.buffer)  # noqa: S301 our parent wrote it
    learned = learner.learn_all(names, seed=seed, only_due=only_due)
    sys.stdout.buffer.write(pickle.dumps(learned))


if __name__ == "__main__":
    main()
