"""Every key we keep in Redis, with its time to live: the one table.

| key                    | type    | holds                                 | lives               |
| ---------------------- | ------- | ------------------------------------- | ------------------- |
| `healing:{cbK}:b:NAME` | hash    | the standing of a breaker             | 7 days without use  |
| `healing:{cbK}:w:NAME` | hash    | calls by second                       | window and 20 s     |
| `healing:{cbK}:p:NAME` | zset    | trials that run, by deadline          | deadline and 20 s   |
| `healing:{cbK}:m:NAME` | zset    | processes by the second they reported | window and 20 s     |
| `healing:{cbK}:f:NAME` | zset    | those that saw failures               | window and 20 s     |
| `healing:{cbK}:t:NAME` | zset    | those that refuse calls by themselves | window and 20 s     |
| `healing:{cbK}:n:NAME` | hash    | number of each one's last report      | window and 20 s     |
| `healing:{cbK}:h:NAME` | stream  | its last changes, about 100           | 7 days without one  |
| `healing:{cbK}:index`  | zset    | breakers by the time of their change  | 7 days              |
| `healing:{cbK}:log`    | stream  | what operators did, the last 10,000   | for ever            |
| `healing:cb:changed`   | channel | epoch and name, at every change       | -                   |

A standing under an operator's override without an end lives for ever, as the override does.
K is a number of a breaker's name, so that in a cluster all keys of one breaker, and the index that
tells its changes, stand on one node where one script may touch them together.
"""

import zlib
from dataclasses import astuple, dataclass

CHANGED = "healing:cb:changed"
"""The channel on which every change is told."""
SHARDS_OF_A_CLUSTER = 16


@dataclass(frozen=True, slots=True)
class BreakerKeys:
    """The keys of one breaker, in the order in which every script takes them."""

    standing: str
    window: str
    leases: str
    members: str
    failing: str
    tripped: str
    numbers: str
    changes: str
    index: str
    log: str

    def all(self) -> tuple[str, ...]:
        """Give them in order."""
        return astuple(self)


@dataclass(frozen=True, slots=True)
class Keyring:
    """Makes keys.

    Attributes:
        shards: Into how many groups of keys the breakers fall; 1 where there is no cluster.
    """

    shards: int = 1

    def of(self, name: str) -> BreakerKeys:
        """Give the keys of one breaker."""
        shard = zlib.crc32(name.encode()) % self.shards
        b, w, p, m, f, t, n, h = (f"healing:{{cb{shard}}}:{kind}:{name}" for kind in "bwpmftnh")
        return BreakerKeys(b, w, p, m, f, t, n, h, index(shard), log(shard))


def index(shard: int) -> str:
    """Give the key of the changes of one shard."""
    return f"healing:{{cb{shard}}}:index"


def log(shard: int) -> str:
    """Give the key of what operators did to breakers of one shard."""
    return f"healing:{{cb{shard}}}:log"
