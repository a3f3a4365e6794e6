"""The demo as a person runs it: three faults, all healed, nothing left."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from deployments.demo.packages import find_program
from tests.real import ROOT, missing

pytestmark = [pytest.mark.slow, pytest.mark.real("prometheus")]


@pytest.mark.timeout(400)
@pytest.mark.parametrize("where", ["containers", "processes"])
def test_three_faults_are_healed_and_nothing_is_left(
    where: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if find_program("prometheus") is None:
        missing("prometheus is not installed")
    argv = [sys.executable, "-m", "deployments.demo", "--home", str(tmp_path), "--no-install"]
    env = {k: v for k, v in os.environ.items() if not k.startswith(("HEALING_", "PREFECT_"))}
    if where == "containers":
        env["DOCKER_HOST"] = request.getfixturevalue("docker_engine").url
    else:
        argv.append("--no-docker")

    done = subprocess.run(
        argv, cwd=ROOT, env=env, capture_output=True, text=True, timeout=380, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "All three were healed, and our own probes agree." in done.stdout
    assert done.stdout.count("/v2/runs/flow-run/") == 3
    left = [p for p in psutil.process_iter(["cmdline"]) if str(tmp_path) in str(p.info["cmdline"])]
    assert not left
