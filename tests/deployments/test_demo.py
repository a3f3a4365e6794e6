"""The demo as a person runs it: three faults, all healed, nothing left."""

import functools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deployments.demo.packages import find_program
from tests.real import ROOT, missing, open_to_others

pytestmark = [pytest.mark.slow, pytest.mark.real("prometheus")]

ENDS_WITHIN = 380


class Demo:
    """A demo that runs, and what it has said so far."""

    def __init__(self, home: Path, *more: str, docker: str | None = None) -> None:
        self.home = home
        # PostgreSQL runs as another user, who must be able to reach its folder.
        open_to_others(home)
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("HEALING_", "PREFECT_"))}
        argv = [sys.executable, "-m", "deployments.demo", "--home", str(home), "--no-install"]
        self._said = home / "said"
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(
                [*argv, *more],
                cwd=ROOT,
                env={**clean, **({"DOCKER_HOST": docker} if docker else {})},
                stdout=said,
                stderr=subprocess.STDOUT,
            )

    def said(self) -> str:
        return self._said.read_text()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)


@pytest.fixture(scope="module")
def in_processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Demo]]:
    """Start the demo without Docker, or give the one that was started."""
    start = functools.cache(lambda: Demo(tmp_path_factory.mktemp("processes"), "--no-docker"))
    yield start
    if start.cache_info().currsize:
        start().end()


@pytest.fixture(params=["containers", "processes"])
def demo(
    request: pytest.FixtureRequest,
    in_processes: Callable[[], Demo],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Demo]:
    if find_program("prometheus") is None:
        missing("prometheus is not installed")
    if request.param == "processes":
        yield in_processes()
        return
    engine = request.getfixturevalue("docker_engine")
    one = Demo(tmp_path_factory.mktemp("containers"), docker=engine.url)
    try:
        # Both begin at the same time, as those of two people may; and a demo mostly waits.
        in_processes()
        yield one
    finally:
        one.end()


@pytest.mark.timeout(ENDS_WITHIN + 20)
def test_three_faults_are_healed_and_nothing_is_left(demo: Demo) -> None:
    assert demo.process.wait(ENDS_WITHIN) == 0, demo.said()

    assert "All three were healed, and our own probes agree." in demo.said()
    assert demo.said().count("/v2/runs/flow-run/") == 3
    home = str(demo.home)
    assert not [p for p in psutil.process_iter(["cmdline"]) if home in str(p.info["cmdline"])]
