"""What follows `docker-compose` or `docker compose`."""

from collections.abc import Callable

from healing.services import Target
from healing.settings.actions import (
    Action,
    RecreateService,
    RestartContainer,
    RunHealthCheck,
    ScaleService,
    StartContainer,
    StopGracefully,
)
from healing.settings.commands.words import Understood, compose_service, grace, options
from healing.units import read_whole, shown

FORMS = (
    "docker-compose [-p PROJECT] restart [-t SECONDS] {service} or SERVICE...",
    "docker-compose start SERVICE...",
    "docker-compose stop [-t SECONDS] SERVICE...",
    "docker-compose up -d [--force-recreate] SERVICE...",
    "docker-compose scale SERVICE=NUMBER",
    "docker-compose ps SERVICE",
)

_GRACE = frozenset({"-t", "--time", "--timeout"})
_PROJECT = frozenset({"-p", "--project-name"})
_IGNORED = frozenset({"-f", "--file", "--project-directory", "--env-file", "--profile"})
_UP_FLAGS = frozenset({"-d", "--detach", "--force-recreate", "--no-deps", "--wait", "--no-build"})
_WHOLE_PROJECT = "acted on every service of the project; becomes: only the service in trouble"


def understand(argv: tuple[str, ...]) -> Understood | None:
    """Understand what follows `docker-compose`; None when it is no form there is.

    Raises:
        ValueError: It is one of the forms, with something wrong in it.
    """
    project, argv = _project(argv)
    match argv:
        case ("restart" | "stop" | "start" | "kill" | "ps" as verb, *rest):
            return _simple(verb, tuple(rest), project)
        case ("up", *rest):
            return _up(tuple(rest), project)
        case ("scale", *rest):
            return _scale(tuple(rest), project)
        case ("down" | "rm", *_):
            return Understood(
                (StopGracefully(),),
                "becomes a graceful stop of the service in trouble: no container and no volume "
                "is ever removed",
            )
        case _:
            return None


def _project(argv: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
    """Read the options before the verb. Files say nothing: labels tell services apart."""
    project = None
    while argv and argv[0].startswith("-"):
        name, has_value, value = argv[0].partition("=")
        if name not in _PROJECT | _IGNORED:
            raise ValueError(f"the option {shown(name)} is not understood")
        if not has_value:
            value, argv = (argv[1] if len(argv) > 1 else ""), argv[1:]
        if name in _PROJECT:
            project = value
        argv = argv[1:]
    return project, argv


def _simple(verb: str, argv: tuple[str, ...], project: str | None) -> Understood:
    given = options(argv, flags=frozenset({"-q", "--no-deps"}), values=_GRACE)
    time = next((grace(given.values[name]) for name in _GRACE if name in given.values), None)

    def action(target: Target | None) -> Action:
        match verb:
            case "restart":
                return RestartContainer(target=target, grace=time)
            case "start":
                return StartContainer(target=target)
            case "ps":
                return RunHealthCheck(target=target)
            case _:
                return StopGracefully(target=target, grace=time)

    narrowed = "becomes a graceful stop: killed only when its time to stop is up"
    return _for_each(given.rest, project, action, narrowed=narrowed if verb == "kill" else "")


def _up(argv: tuple[str, ...], project: str | None) -> Understood | None:
    given = options(argv, flags=_UP_FLAGS, values=_GRACE | {"--scale"})
    if scale := given.values.get("--scale"):
        return _scale((scale,), project)
    if "--force-recreate" in given.values:
        return _for_each(given.rest, project, lambda target: RecreateService(target=target))
    return _for_each(given.rest, project, lambda target: StartContainer(target=target))


def _for_each(
    services: tuple[str, ...],
    project: str | None,
    action: Callable[[Target | None], Action],
    *,
    narrowed: str = "",
) -> Understood:
    if not services:
        return Understood((action(None),), narrowed or _WHOLE_PROJECT)
    return Understood(tuple(action(compose_service(s, project)) for s in services), narrowed)


def _scale(argv: tuple[str, ...], project: str | None) -> Understood | None:
    actions: list[Action] = []
    for word in argv:
        service, _, number = word.rpartition("=")
        if not service:
            return None
        is_asked = number.startswith("{")
        replicas = None if is_asked else read_whole(number)
        if replicas is not None and replicas < 1:
            raise ValueError("at least one replica must be left")
        actions.append(ScaleService(target=compose_service(service, project), replicas=replicas))
    return Understood(tuple(actions)) if actions else None
