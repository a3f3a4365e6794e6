"""`graceful_degradation`."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field

from healing.settings.kinds import Count, Duration, Flag, Name, one_of
from healing.settings.section import Section, Switchable


class Fallback(StrEnum):
    """What a feature does while it is degraded."""

    CACHE = "cache"
    """Serve the last good answer."""
    BASIC = "basic"
    """Serve a simpler answer."""
    POLLING = "polling"
    """Ask now and then instead of being told."""
    QUEUE = "queue"
    """Take the work and do it later."""


class CachePolicy(StrEnum):
    """What a full cache forgets first."""

    LRU = "lru"
    """What was used longest ago."""
    LFU = "lfu"
    """What was used least often."""


class FlagSettings(Switchable):
    """A feature that can be given up to keep the rest alive."""

    enabled: Flag = True
    """Whether the feature is on."""
    fallback: Annotated[Fallback | None, BeforeValidator(one_of(Fallback))] = None
    """What it does while degraded: cache, basic, polling or queue."""
    cache_ttl: Duration = timedelta(hours=1)
    """With `cache`: how old an answer may be."""
    polling_interval: Duration = timedelta(seconds=30)
    """With `polling`: how often to ask."""
    max_queue_size: Count = 1000
    """With `queue`: how much work may wait."""


class CacheSettings(Section):
    """How much one cache keeps, and for how long."""

    type: Annotated[CachePolicy, BeforeValidator(one_of(CachePolicy))] = CachePolicy.LRU
    """What is forgotten first: lru or lfu."""
    size: Count = 1000
    """Entries it keeps."""
    ttl: Duration = timedelta(minutes=5)
    """How long an entry is good."""


class GracefulDegradation(Section):
    """What may get worse so that the rest stays well."""

    feature_flags: Mapping[Name, FlagSettings] = Field(default_factory=dict[str, FlagSettings])
    """Features by name; `name: true` is enough."""
    cache_strategies: Mapping[Name, CacheSettings] = Field(default_factory=dict[str, CacheSettings])
    """Caches by name; `default` holds for the others."""
