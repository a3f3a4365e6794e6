"""What processes of an application do to a breaker that they share, told to a real Redis."""

import itertools
import uuid

from redis import Redis

from healing.adapters.redis import BreakerStore, Report, Terms
from tests.real.redis import nap

TERMS = Terms(
    open_for=40, jitter=0, trial_within=5000, trials=2, trials_at_once=2, successes_to_close=2
)

_numbers = itertools.count(1)


class Applications:
    """Three processes that share breakers.

    Args:
        port: Of the Redis they share them in.
    """

    def __init__(self, port: int) -> None:
        self.store = BreakerStore(Redis(port=port, socket_timeout=2), chance=lambda: 0.5)

    def use(self, name: str, *, failed: int = 0, ok: int = 0, terms: Terms = TERMS) -> str:
        """Call; gives the state that the last of them hears."""
        for pod in "abc":
            counted = Report(
                instance=f"pod-{pod}", number=next(_numbers), calls=ok + failed, failed=failed
            )
            said = self.store.sync(name, terms, counted)
        return said.state

    def open(self, name: str, terms: Terms = TERMS) -> None:
        assert self.use(name, failed=7, terms=terms) == "open"

    def fail_a_trial(self, name: str, terms: Terms = TERMS) -> None:
        """Wait until trials may begin, and have them fail: it opens anew."""
        nap(terms.open_for + 5)
        for _ in range(terms.trials):
            standing, lease = self.store.ticket(name, terms, uuid.uuid4().hex)
            if lease is None:
                break
            standing, _ = self.store.settle(name, terms, lease, ok=False)
        assert standing.state == "open"


def some_name() -> str:
    return f"payments-{uuid.uuid4().hex[:8]}"
