"""How an application joins its fleet; each a fresh interpreter, on a real Redis."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.real.redis import Server

SHARED = """
import logging, time
logging.basicConfig(level=logging.WARNING)
from healing import fleet
{imported}
{before}
payments = breaker("payments", scope="fleet").breaker
end = time.monotonic() + {patience}
while payments.fleet.view is None and time.monotonic() < end:
    time.sleep(0.01)
print(payments.fleet.view is not None)
fleet.leave()
"""


def run(
    before: str = "",
    *,
    imported: str = "from healing import breaker",
    patience: float = 20,
    **env: str,
) -> subprocess.CompletedProcess[str]:
    outside = {key: value for key, value in os.environ.items() if not key.startswith("HEALING_")}
    program = SHARED.format(before=before, imported=imported, patience=patience)
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={**outside, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.real("redis")
@pytest.mark.parametrize("package", ["healing", "healing.breakers"])
def test_the_environment_says_where_the_fleet_is(own_server: Server, package: str):
    done = run(imported=f"from {package} import breaker", HEALING_REDIS_URL=own_server.url)
    assert (done.stdout, done.stderr) == ("True\n", "")


@pytest.mark.real("redis")
def test_so_does_the_file_it_names(own_server: Server, tmp_path: Path):
    file = tmp_path / "healing.yaml"
    file.write_text(f"storage: {{redis_url: '{own_server.url}'}}")
    done = run(HEALING_CONFIG=str(file))
    assert (done.stdout, done.stderr) == ("True\n", "")


@pytest.mark.real("redis")
def test_an_application_may_hand_over_a_client_of_its_own(own_server: Server):
    done = run(f"import redis; fleet.join(redis.Redis(port={own_server.port}))")
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_without_any_each_process_decides_alone_and_says_so():
    done = run(patience=0.1)
    assert done.stdout == "False\n"
    assert "no HEALING_REDIS_URL" in done.stderr


def test_joining_what_nobody_named_is_an_error():
    done = run("fleet.join()")
    assert "ValueError: no shared state: set HEALING_REDIS_URL" in done.stderr
