"""What processes report of a breaker, told to the scripts themselves."""

import itertools
import uuid

import pytest
from redis import Redis

from healing.adapters.redis import BreakerStore, Lease, Report, Terms
from tests.real.redis import Server, nap

_numbers = itertools.count(1)
TERMS = Terms(open_for=40, jitter=0, trial_within=60, trials=3, trials_at_once=3)


@pytest.fixture
def store(redis_server: Server) -> BreakerStore:
    return BreakerStore(Redis(port=redis_server.port, socket_timeout=2), chance=lambda: 0.5)


@pytest.fixture
def name() -> str:
    return f"payments-{uuid.uuid4().hex[:8]}"


def counted(instance: str, **counts: int) -> Report:
    return Report(instance=instance, number=next(_numbers), **counts)


def report(
    store: BreakerStore,
    name: str,
    pods: range,
    *,
    ok: int = 0,
    failed: int = 0,
    terms: Terms = TERMS,
) -> str:
    for pod in pods:
        said = store.sync(name, terms, counted(f"pod-{pod}", calls=ok + failed, failed=failed))
    return said.state


def opened(store: BreakerStore, name: str, terms: Terms = TERMS) -> None:
    assert report(store, name, range(20), failed=2, terms=terms) == "open"


def half_open(store: BreakerStore, name: str, terms: Terms = TERMS) -> Lease:
    opened(store, name, terms)
    nap(terms.open_for + 5)
    _, lease = store.ticket(name, terms, uuid.uuid4().hex)
    assert lease is not None
    return lease
