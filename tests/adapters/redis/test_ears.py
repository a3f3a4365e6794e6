import os
import resource
import threading
import time
from collections.abc import Iterator

import pytest

from healing.adapters.redis.ears import Ears


@pytest.fixture
def ears() -> Iterator[Ears]:
    made = Ears()
    yield made
    made.close()


@pytest.fixture
def _many_open_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 2000:
        resource.setrlimit(resource.RLIMIT_NOFILE, (2000, hard))
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1200)]
    yield
    for file in files:
        os.close(file)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_call_ends_the_waiting(ears: Ears):
    threading.Timer(0.05, ears.call).start()
    began = time.monotonic()
    assert ears.wait(60) == {}
    assert time.monotonic() - began < 60


def test_a_call_from_before_is_not_lost(ears: Ears):
    ears.call()
    ears.call()
    began = time.monotonic()
    ears.wait(60)
    assert time.monotonic() - began < 60


@pytest.mark.usefixtures("_many_open_files")
def test_it_waits_in_a_process_with_more_than_a_thousand_open_files():
    ears = Ears()
    began = time.monotonic()
    ears.wait(0.2)
    assert time.monotonic() - began >= 0.2
    ears.call()
    ears.wait(60)
    ears.close()
