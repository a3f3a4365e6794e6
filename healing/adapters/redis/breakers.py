"""The standing that a fleet shares of each breaker: each change is one script, on Redis's time.

A process never asks on behalf of a user's call; whoever calls this is a thread in the background.
"""

import hashlib
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cache
from importlib import resources
from typing import Any, TypeAlias, TypeVar

from redis import Redis, RedisCluster
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.exceptions import NoScriptError, ReadOnlyError, RedisError
from redis.retry import Retry

from healing.adapters.redis import questions
from healing.adapters.redis.keys import CHANGED, SHARDS_OF_A_CLUSTER, Keyring, index
from healing.adapters.redis.questions import Question
from healing.adapters.redis.standing import (
    Control,
    FleetStanding,
    Lease,
    Report,
    Terms,
    text,
)
from healing.errors import StateUnavailableError

T = TypeVar("T")
Client: TypeAlias = "Redis | RedisCluster"
PATIENCE = 0.25
"""Seconds that one question to Redis may take."""
PAGE = 500
"""Entries of a log that are read at once."""
SEEN_TWICE = 5000
"""Milliseconds by which two looks at the changes overlap, so that none falls between them."""


def connect(url: str) -> Redis:
    """Make a client that gives up soon and never tries again by itself; `valkey:` is `redis:`."""
    make: Any = getattr(Redis, "from_url")  # noqa: B009 - its types are unknown
    return make(
        url.replace("valkey", "redis", 1) if url.startswith("valkey") else url,
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
        return self.ask(questions.looking(name, terms))

    def sync(self, name: str, terms: Terms, report: Report) -> FleetStanding:
        """Add what one process counted since it last did, and judge the whole."""
        return self.ask(questions.reporting(name, terms, report))

    def ticket(
        self, name: str, terms: Terms | None, token: str, *, mended: bool = False
    ) -> tuple[FleetStanding, Lease | None]:
        """Ask for leave to make one trial; None when there is none to be had now."""
        return self.ask(questions.asking(name, terms, token, mended=mended))

    def settle(
        self, name: str, terms: Terms | None, lease: Lease, *, ok: bool | None
    ) -> tuple[FleetStanding, bool]:
        """Say how a trial ended; None gives it back unused. Also tells whether it counted."""
        return self.ask(questions.settling(name, terms, lease, ok=ok))

    def control(
        self, name: str, terms: Terms | None, control: Control
    ) -> tuple[FleetStanding, bool]:
        """Do what an operator wants and write it down; False when somebody was faster.

        Raises:
            ValueError: The terms cannot be.
            TypeError: There is no such field.
        """
        return self.ask(questions.controlling(name, terms, control))

    def republish(self, known: FleetStanding, terms: Terms) -> tuple[FleetStanding, bool]:
        """Put back what a server that lost writes does not know any more, by compare-and-set."""
        return self.ask(questions.republishing(known, terms))

    def ask(self, question: Question[T]) -> T:
        """Ask one question and wait for its answer."""
        return self.ask_all([question])[0]

    def ask_all(self, asked: Sequence[Question[Any]]) -> list[Any]:
        """Ask questions in one round trip (in a cluster: one each), and give the answers in order.

        When this raises, some of them may have been carried out all the same.
        """
        if not asked:
            return []
        return _bounded(
            lambda: self._asked_one_by_one(asked) if self._shards > 1 else self._asked_of_one(asked)
        )

    def changed(self, since: int) -> tuple[int, frozenset[str]]:
        """Name the breakers that changed, as `changes` does."""
        now, when = self.changes(since)
        return now, frozenset(when)

    def changes(self, since: int) -> tuple[int, dict[str, int]]:
        """Tell which breakers changed, with one question per shard however many there are.

        Args:
            since: What the last call gave, or 0 for all breakers there are.

        Returns:
            Redis's time in milliseconds, to hand in next time; and the last change of each, in
            that time. Changes of the last seconds before `since` are told once more.
        """

        def ask() -> tuple[int, dict[str, int]]:
            seconds, micros = self._time()
            lowest = since - SEEN_TWICE if since else "-inf"
            when: dict[str, int] = {}
            pipe = self._client.pipeline(transaction=False)
            for shard in range(self._shards):
                pipe.zrangebyscore(index(shard), lowest, "+inf", withscores=True)
            for found in pipe.execute():
                when.update({text(name): int(at) for name, at in found})
            return seconds * 1000 + micros // 1000, when

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

    def transitions(self, name: str, *, most: int = 50) -> list[dict[str, str]]:
        """Give how one breaker changed and why, newest first."""
        key = self._keys.of(name).changes

        def ask() -> list[dict[str, str]]:
            rows: list[Any] = self._client.xrevrange(key, count=most)
            return [
                {text(field): text(value) for field, value in row.items()} | {"id": text(id_)}
                for id_, row in rows
            ]

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

    def _asked_of_one(self, asked: Sequence[Question[Any]]) -> list[Any]:
        try:
            return self._piped(asked)
        except ReadOnlyError:
            # It was demoted: whoever the address stands for now is asked next time.
            self._client.connection_pool.disconnect(inuse_connections=False)
            raise

    def _piped(self, asked: Sequence[Question[Any]]) -> list[Any]:
        pipe = self._client.pipeline(transaction=False)
        for question in asked:
            _, digest = _script(question.script)
            pipe.evalsha(digest, *self._given(question))
        rows = pipe.execute(raise_on_error=False)
        for at, row in enumerate(rows):
            if isinstance(row, NoScriptError):
                rows[at] = self._taught(asked[at])
            elif isinstance(row, Exception):
                raise row
        return [question.read(row) for question, row in zip(asked, rows, strict=True)]

    def _asked_one_by_one(self, asked: Sequence[Question[Any]]) -> list[Any]:
        answers: list[Any] = []
        for question in asked:
            _, digest = _script(question.script)
            try:
                row = self._client.evalsha(digest, *self._given(question))
            except NoScriptError:
                row = self._taught(question)
            answers.append(question.read(row))
        return answers

    def _taught(self, question: Question[Any]) -> Any:
        body, _ = _script(question.script)
        return self._client.eval(body, *self._given(question))

    def _given(self, question: Question[Any]) -> tuple[object, ...]:
        keys = self._keys.of(question.name).all()
        of_the_fleet = {**asdict(Terms()), "of_the_fleet": True}
        terms = json.dumps(asdict(question.terms) if question.terms else of_the_fleet)
        args = map(str, (self._chance(), *question.args))
        return (len(keys), *keys, CHANGED, question.name, terms, *args)


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
