"""Joins breakers with `scope="fleet"` to those of the same name in other processes."""

import logging
from typing import Any

from healing.breakers import registry
from healing.configured import shared_state

_log = logging.getLogger(__name__)
_joined: list[tuple[Any, Any]] = []
"""The syncer, and the client to close with it, if it is ours."""


def join(state: Any = None) -> None:
    """Share the verdict of this process's fleet breakers from now on.

    Not needed where the environment says where Redis is: then the first breaker joins by itself.

    Args:
        state: URL of Redis, or a client of redis-py, also for a cluster; None: what
            `HEALING_REDIS_URL`, or the file that `HEALING_CONFIG` names, says.

    Raises:
        ValueError: Nothing says where the shared state is.
    """
    state = state or shared_state()
    if not state:
        raise ValueError("no shared state: set HEALING_REDIS_URL, or hand over a client")
    from healing.adapters.redis import BreakerStore, Syncer, connect  # noqa: PLC0415

    leave()
    client = connect(state) if isinstance(state, str) else state
    syncer = Syncer(BreakerStore(client), registry.all)
    _joined.append((syncer, client if isinstance(state, str) else None))
    syncer.start()


def leave() -> None:
    """Decide alone from now on."""
    while _joined:
        syncer, client = _joined.pop()
        syncer.stop()
        if client is not None:
            client.close()


def join_if_known() -> None:
    """Join where the environment says where; else say once that each process decides alone."""
    if _joined:
        _joined[0][0].wake()
    elif shared_state():
        join()
    else:
        _log.warning("no HEALING_REDIS_URL: breakers of the scope fleet decide for this process")
