"""Real components for tests: each module is a pytest plugin that gives one of them as a fixture.

A component that cannot be had is a skip with a reason, and a failure where real components are
required (`HEALING_REQUIRE_REAL=1`, as the continuous integration sets it).
"""

import os
import pathlib
import socket
import tempfile
import time
from collections.abc import Callable
from typing import NoReturn

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("HEALING_RECORDINGS", ROOT.parent / "shared" / "data"))
"""Real labelled metrics, where somebody has put them."""


def missing(reason: str) -> NoReturn:
    """Say that a real component is not there."""
    if os.environ.get("HEALING_REQUIRE_REAL") == "1":
        pytest.fail(f"a real component is required here: {reason}", pytrace=False)
    pytest.skip(reason)


def real_metrics(part: str) -> pathlib.Path:
    """Give a file or folder of the real metrics; they are nobody's duty to have."""
    if not (found := DATA / part).exists():
        pytest.skip(f"no real metrics at {found}")
    return found


def free_port() -> int:
    """Find a port on loopback that nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def open_to_others(folder: pathlib.Path) -> None:
    """Let any user reach a folder that is, as those of pytest are, below the temporary one."""
    temporary = pathlib.Path(tempfile.gettempdir()).resolve()
    for one in (folder, *folder.parents):
        if temporary in one.parents:
            one.chmod(0o755)


def wait_until(claim: Callable[[], object], *, within: float = 10.0, every: float = 0.05) -> None:
    """Wait for a claim to become true.

    Raises:
        AssertionError: It did not within `within` seconds.
    """
    deadline = time.monotonic() + within
    while not claim():
        if time.monotonic() > deadline:
            raise AssertionError(f"not true within {within} s: {claim!r}")
        time.sleep(every)
