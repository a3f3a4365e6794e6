"""Fleets of real processes: forked after the application was imported, on a real Redis."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.real import ROOT, wait_until
from tests.real.redis import Server

pytestmark = pytest.mark.real("redis")


def begin(server: Server, scenario: str, workers: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.adapters.redis.workers", scenario, str(workers)],
        cwd=ROOT,
        env={**os.environ, "HEALING_REDIS_URL": server.url},
        stdout=subprocess.PIPE,
        text=True,
    )


def end(process: subprocess.Popen[str], workers: int) -> list[dict[str, Any]]:
    said, _ = process.communicate(timeout=90)
    lines = [json.loads(line) for line in said.splitlines()]
    assert len(lines) == workers
    assert all(line["ready"] for line in lines)
    return lines


def test_twenty_processes_with_nine_failures_each_refuse_all_together(own_server: Server):
    said = end(begin(own_server, "nine_failures_each", 20), 20)
    assert all(line["refused"] for line in said)


def test_one_bad_process_of_twenty_stops_nobody_else(own_server: Server):
    said = end(begin(own_server, "one_of_them_is_bad", 20), 20)
    seen = {line["number"]: line["seen"] for line in said}
    assert "process" in seen.pop(0)
    assert set(map(tuple, seen.values())) == {("good",)}


def test_sixteen_probers_of_which_some_crash_never_exceed_the_permitted_and_never_wedge_it(
    own_server: Server,
):
    process = begin(own_server, "thirty_of_a_hundred_probers_crash", 16)
    with own_server.client() as client:
        wait_until(lambda: client.hlen("admitted") >= 4, within=40)
        wait_until(lambda: int(client.get("crashed") or 0) >= 2, within=40)
        client.set("healed", "yes")
        said = end(process, 16)
        admitted = {int(key): int(many) for key, many in client.hgetall("admitted").items()}
    assert all(line["closed"] for line in said)
    assert max(admitted.values()) <= 3, "trials of one epoch"
