"""What follows `redis-cli`, with or without the program's name."""

from healing.settings.actions import ClearCacheKeys, ClearCachePrefix, ResetPool, RunHealthCheck
from healing.settings.commands.words import Understood

FORMS = (
    "UNLINK PREFIX* (or DEL, with the pattern at the end of one key)",
    "UNLINK KEY...",
    "FLUSHDB (narrowed to the action's `prefix`)",
    "CLIENT KILL TYPE normal (narrowed to the service's own pool)",
    "PING",
)

_WITH_VALUE = frozenset({"-h", "-p", "-n", "-a", "-u", "-s", "--user", "--pass", "--tls-cert"})


def without_connection(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out where `redis-cli` connects to: we know that from `storage.redis_url`."""
    while argv and argv[0].startswith("-"):
        argv = argv[2:] if argv[0] in _WITH_VALUE else argv[1:]
    return argv


def understand(argv: tuple[str, ...], prefix: str) -> Understood | None:
    """Understand a Redis command; None when it is no form there is.

    Raises:
        ValueError: It is one of the forms, with something wrong in it.
    """
    if not argv:
        return None
    match (argv[0].upper(), *argv[1:]):
        case ("FLUSHDB" | "FLUSHALL" as verb, *rest):
            if rest and (len(rest) > 1 or rest[0].upper() not in {"ASYNC", "SYNC"}):
                return None
            scope = "every database of the server" if verb == "FLUSHALL" else "a whole database"
            return Understood(
                (ClearCachePrefix(prefix=prefix),),
                f"emptied {scope}; becomes: remove only the keys that begin with {prefix!r}",
            )
        case ("DEL" | "UNLINK", *keys):
            return _remove(tuple(keys))
        case ("CLIENT", kill, *_) if kill.upper() == "KILL":
            return Understood(
                (ResetPool(),),
                "cut off every client of the server; becomes: the service in trouble renews "
                "its own connections",
            )
        case ("PING",):
            return Understood((RunHealthCheck(),))
        case _:
            return None


def _remove(keys: tuple[str, ...]) -> Understood | None:
    if not keys:
        return None
    if len(keys) == 1 and keys[0].endswith("*"):
        prefix = keys[0].removesuffix("*")
        if not prefix.strip("*?[]"):
            raise ValueError("a pattern needs a prefix: without one it would remove every key")
        if any(sign in prefix for sign in "*?["):
            raise ValueError("a pattern can only have its * at the end")
        return Understood((ClearCachePrefix(prefix=prefix),))
    if any("*" in key for key in keys):
        raise ValueError("a pattern stands alone, with its * at the end")
    return Understood((ClearCacheKeys(keys=keys),))
