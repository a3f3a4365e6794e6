"""What follows `docker`."""

from collections.abc import Callable
from datetime import timedelta

from healing.services import Target
from healing.settings.actions import (
    Action,
    RemoveDanglingImages,
    RestartContainer,
    RunHealthCheck,
    StartContainer,
    StopGracefully,
)
from healing.settings.commands.words import Understood, container, grace, options

FORMS = (
    "docker restart [-t SECONDS] {service} or NAME...",
    "docker start NAME...",
    "docker stop [-t SECONDS] NAME...",
    "docker inspect NAME",
    "docker image prune",
)

_NO_FLAGS: frozenset[str] = frozenset()
_GRACE = frozenset({"-t", "--time", "--timeout"})


def understand(argv: tuple[str, ...]) -> Understood | None:
    """Understand what follows `docker`; None when it is no form there is.

    Raises:
        ValueError: It is one of the forms, with something wrong in it.
    """
    if argv[:1] == ("container",):
        argv = argv[1:]
    match argv:
        case ("restart", *rest):
            return _each(rest, lambda target, time: RestartContainer(target=target, grace=time))
        case ("stop", *rest):
            return _each(rest, lambda target, time: StopGracefully(target=target, grace=time))
        case ("start", *rest):
            return _each(rest, lambda target, _: StartContainer(target=target))
        case ("inspect", *rest):
            return _inspect(rest)
        case ("kill", *rest):
            return _kill(rest)
        case ("rm", *rest):
            return _remove(rest)
        case ("system" | "image" | "volume" | "network" | "builder" | "prune", *rest):
            if "prune" in argv[:2]:
                return _prune()
            return None
        case _:
            return None


def _each(
    rest: list[str], action: Callable[[Target | None, timedelta | None], Action]
) -> Understood | None:
    """Make one action for each container that is named."""
    given = options(tuple(rest), flags=_NO_FLAGS, values=_GRACE)
    time = next((grace(given.values[name]) for name in _GRACE if name in given.values), None)
    if not given.rest:
        return None
    return Understood(tuple(action(container(word), time) for word in given.rest))


def _inspect(rest: list[str]) -> Understood | None:
    given = options(tuple(rest), flags=_NO_FLAGS, values=frozenset({"-f", "--format", "--type"}))
    if not given.rest:
        return None
    return Understood(tuple(RunHealthCheck(target=container(word)) for word in given.rest))


def _kill(rest: list[str]) -> Understood | None:
    given = options(tuple(rest), flags=_NO_FLAGS, values=frozenset({"-s", "--signal"}))
    signal = given.values.get("-s", given.values.get("--signal", "KILL")).upper()
    if not given.rest or signal.removeprefix("SIG") not in {"KILL", "9", "TERM", "15"}:
        return None
    return Understood(
        tuple(StopGracefully(target=container(word)) for word in given.rest),
        "becomes a graceful stop: killed only when its time to stop is up",
    )


def _remove(rest: list[str]) -> Understood | None:
    flags = frozenset({"-f", "--force", "-v", "--volumes", "-fv", "-vf"})
    given = options(tuple(rest), flags=flags, values=_NO_FLAGS)
    if not given.rest:
        return None
    return Understood(
        tuple(RestartContainer(target=container(word)) for word in given.rest),
        "becomes a graceful restart: no container and no volume is ever removed",
    )


def _prune() -> Understood:
    return Understood(
        (RemoveDanglingImages(),),
        "becomes the removal of image layers that nothing refers to, older than a day: never "
        "containers, never volumes",
    )
