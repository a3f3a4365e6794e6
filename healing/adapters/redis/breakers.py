"""The standing that a fleet shares of each breaker: each change is one script, on Redis's time.

A process never asks on behalf of a user's call; whoever calls this is a thread in the background.
"""

import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from importlib import resources
from typing import Any, TypeAlias

from redis import Redis, RedisCluster
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from healing.adapters.redis.keys import CHANGED, SHARDS_OF_A_CLUSTER, Keyring, index
from healing.adapters.redis.standing import Control, FleetStanding, Lease, Terms, text
from healing.errors import StateUnavailableError

Client: TypeAlias = "Redis | RedisCluster"
PATIENCE = 0.25
"""Seconds that one question to Redis may take."""
PAGE = 500
"""Entries of a log that are read at once."""
SEEN_TWICE = 5000
"""Milliseconds by which two looks at the changes overlap, so that none falls between them."""


def connect(url: str) -> Redis:
    """Make a client that gives up soon and never tries again by itself."""
    make: Any = getattr(Redis, "from_url")  # noqa: B009 - its types are unknown
    return make(
        url,
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
    )


class BreakerStore:
    """The breakers of a fleet in Redis.

    Every method raises `StateUnavailableError` when Redis does not answer within its patience.
    Where `terms` are None, those hold that the processes of the fleet reported last.

    Args:
        client: From `connect`, or one of the application's own, also for a cluster.
        chance: Random numbers from 0 to 1, for the jitter.
    """

    def __init__(self, client: Client, *, chance: Callable[[], float] = random.random) -> None:
        self._client: Any = client
        self._shards = SHARDS_OF_A_CLUSTER if isinstance(client, RedisCluster) else 1
        self._keys = Keyring(self._shards)
        self._chance = chance

    def read(self, name: str, terms: Terms | None) -> FleetStanding:
        """Look, and change nothing."""
        return FleetStanding.read(name, self._run("read", name, terms))

    def sync(
        self, name: str, terms: Terms, *, instance: str, calls: int, failed: int, slow: int
    ) -> FleetStanding:
        """Add what one process counted since it last did, and judge the whole."""
        args = (instance, calls, failed, slow, self._chance())
        return FleetStanding.read(name, self._run("sync", name, terms, *args))

    def ticket(
        self, name: str, terms: Terms | None, token: str
    ) -> tuple[FleetStanding, Lease | None]:
        """Ask for leave to make one trial; None when there is none to be had now."""
        row, lasts = self._run("ticket", name, terms, token, self._chance())
        standing = FleetStanding.read(name, row)
        return standing, Lease(token, standing.epoch, int(lasts)) if lasts else None

    def settle(
        self, name: str, terms: Terms | None, lease: Lease, *, ok: bool | None
    ) -> tuple[FleetStanding, bool]:
        """Say how a trial ended; None gives it back unused. Also tells whether it counted."""
        outcome = -1 if ok is None else int(ok)
        args = (lease.token, lease.epoch, outcome, self._chance())
        row, counted = self._run("settle", name, terms, *args)
        return FleetStanding.read(name, row), bool(counted)

    def control(
        self, name: str, terms: Terms | None, control: Control
    ) -> tuple[FleetStanding, bool]:
        """Do what an operator wants and write it down; False when somebody was faster.

        Raises:
            ValueError: The terms cannot be.
            TypeError: There is no such field.
        """
        given = dict(control.terms or {})
        if control.action == "terms":
            changed: Any = {**asdict(terms or Terms()), **given}
            Terms(**changed)
        terms_given = json.dumps(given) if given else ""
        args = (
            control.action,
            control.by,
            control.why,
            control.lasts,
            control.expected,
            terms_given,
            control.key,
        )
        row, done = self._run("control", name, terms, *args)
        return FleetStanding.read(name, row), bool(done)

    def republish(self, known: FleetStanding, terms: Terms) -> tuple[FleetStanding, bool]:
        """Put back what a server that lost writes does not know any more, by compare-and-set."""
        args = (
            known.epoch,
            known.state,
            known.left,
            known.opened,
            known.because,
            known.mode,
            known.mode_left,
            known.by,
            known.why,
        )
        row, done = self._run("republish", known.name, terms, *args)
        return FleetStanding.read(known.name, row), bool(done)

    def changed(self, since: int) -> tuple[int, frozenset[str]]:
        """Name the breakers that changed, with one question per shard however many there are.

        Args:
            since: What the last call gave, or 0 for all breakers there are.

        Returns:
            Redis's time in milliseconds, to hand in next time; and the names.
        """

        def ask() -> tuple[int, frozenset[str]]:
            seconds, micros = self._time()
            lowest = since - SEEN_TWICE if since else "-inf"
            names: set[str] = set()
            pipe = self._client.pipeline(transaction=False)
            for shard in range(self._shards):
                pipe.zrangebyscore(index(shard), lowest, "+inf")
            for found in pipe.execute():
                names.update(map(text, found))
            return seconds * 1000 + micros // 1000, frozenset(names)

        return _bounded(ask)

    def names(self) -> frozenset[str]:
        """Name every breaker that changed within the last days."""
        return self.changed(0)[1]

    def history(self, name: str, *, most: int = 50) -> list[dict[str, str]]:
        """Give what operators did to one breaker, newest first."""
        log = self._keys.of(name).log

        def ask() -> list[dict[str, str]]:
            entries: list[dict[str, str]] = []
            newest = "+"
            # Breakers of one shard share a log: it is turned back page by page.
            while rows := list[Any](self._client.xrevrange(log, max=newest, count=PAGE)):
                for id_, row in rows:
                    entry = {text(key): text(value) for key, value in row.items()}
                    if entry["breaker"] == name:
                        entries.append(entry | {"id": text(id_)})
                if len(entries) >= most:
                    break
                newest = f"({text(rows[-1][0])}"
            return entries[:most]

        return _bounded(ask)

    def follow(self) -> PubSub:
        """Give a subscription to the names of breakers at each change (`epoch name`)."""

        def ask() -> PubSub:
            heard = self._client.pubsub(ignore_subscribe_messages=True)
            heard.subscribe(CHANGED)
            return heard

        return _bounded(ask)

    def _time(self) -> tuple[int, int]:
        nodes = {"target_nodes": "random"} if self._shards > 1 else {}
        return self._client.time(**nodes)

    def _run(self, script: str, name: str, terms: Terms | None, *args: object) -> Any:
        keys = self._keys.of(name).all()
        body, digest = _script(script)
        judged_by = asdict(terms) if terms else {**asdict(Terms()), "of_the_fleet": True}
        given = (*keys, CHANGED, name, json.dumps(judged_by), *map(str, args))

        def ask() -> Any:
            try:
                return self._client.evalsha(digest, len(keys), *given)
            except NoScriptError:
                return self._client.eval(body, len(keys), *given)

        return _bounded(ask)


def _bounded(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except (RedisError, OSError) as error:
        raise StateUnavailableError(f"the shared state did not answer: {error}") from error


@cache
def _script(name: str) -> tuple[str, str]:
    folder = resources.files("healing.adapters.redis") / "lua"
    body = "\n".join((folder / f"{part}.lua").read_text() for part in ("prelude", name))
    return body, hashlib.sha1(body.encode(), usedforsecurity=False).hexdigest()
