"""What only shows when sections are read together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from healing.names import ServiceName
from healing.services import Service, Target
from healing.settings.document import KeyPath
from healing.settings.nearest import did_you_mean
from healing.settings.procedures import KNOWN_TRIGGERS, read_trigger
from healing.settings.recovery_actions import recovery_action
from healing.settings.secrets import masked
from healing.settings.tree import Settings
from healing.units import shown

SLOWEST_LIKELY_ANSWER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Remark:
    """One fault or note about a key."""

    path: KeyPath
    what: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found."""

    faults: Sequence[Remark] = ()
    notes: Sequence[Remark] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Every name that stands in the file, also where what it names is wrong."""

    actions: frozenset[str] = field(default_factory=frozenset[str])
    procedures: frozenset[str] = field(default_factory=frozenset[str])


def check(settings: Settings, names: Names) -> Checked:
    """Look at everything that concerns more than one section."""
    stack = settings.stack().services
    return Checked(
        faults=(
            *_procedures(settings, names),
            *_recovery_actions(settings, names),
            *_services(stack),
            *_dependencies(settings),
            *_api(settings),
        ),
        notes=(
            *_narrowed(settings),
            *_added(settings),
            *_unknown_dependencies(stack),
            *_cycles(stack),
            *_what_breakers_start(settings, stack),
            *_channels(settings),
            *_units(settings),
        ),
    )


def _procedures(settings: Settings, names: Names) -> Iterator[Remark]:
    actions = {*settings.known_actions(), *names.actions}
    for name, procedure in settings.recovery.procedures.items():
        here: KeyPath = ("recovery", "procedures", name)
        for i, word in enumerate(procedure.triggers):
            if read_trigger(word, settings.thresholds()) is None:
                hint = did_you_mean(word, KNOWN_TRIGGERS)
                yield Remark((*here, "triggers", i), f"no such trigger: {shown(word)}{hint}")
        for i, word in enumerate(procedure.actions):
            if word not in actions:
                hint = did_you_mean(word, actions)
                yield Remark((*here, "actions", i), f"no such action: {shown(word)}{hint}")


def _recovery_actions(settings: Settings, names: Names) -> Iterator[Remark]:
    known = {*settings.known_actions(), *names.actions, *names.procedures}
    breakers = settings.circuit_breakers
    for path, breaker in (
        (("default",), breakers.default),
        *((("services", name), breaker) for name, breaker in breakers.services.items()),
    ):
        word = breaker.recovery_action
        if word is not None and word not in known:
            what = f"no such procedure or action: {shown(word)}{did_you_mean(word, known)}"
            yield Remark(("circuit_breakers", *path, "recovery_action"), what)


def _services(stack: Mapping[ServiceName, Service]) -> Iterator[Remark]:
    first: dict[Target, ServiceName] = {}
    for name, service in stack.items():
        here: KeyPath = ("services", name)
        if name in service.depends_on:
            yield Remark((*here, "depends_on"), "a service cannot depend on itself")
        if service.limits.verify_within < service.limits.stable_for:
            what = "verify_within is shorter than stable_for: it could never be called healed"
            yield Remark((*here, "limits"), what)
        if (other := first.setdefault(service.target, name)) != name:
            yield Remark((*here, "target"), f"these are the containers of {other!r} already")


def _dependencies(settings: Settings) -> Iterator[Remark]:
    critical = set(settings.dependencies.critical_services)
    for i, name in enumerate(settings.dependencies.optional_services):
        if name in critical:
            yield Remark(("dependencies", "optional_services", i), f"{name!r} is critical already")


def _api(settings: Settings) -> Iterator[Remark]:
    if not settings.api.tokens and not settings.api.is_loopback_only:
        what = (
            f"without a token only this machine may ask: listen on 127.0.0.1, or add api.tokens, "
            f"not {shown(settings.api.host)}"
        )
        yield Remark(("api", "host"), what)
    names: set[str] = set()
    secrets: set[str] = set()
    for i, token in enumerate(settings.api.tokens):
        secret = token.token.get_secret_value()
        if token.name in names:
            yield Remark(("api", "tokens", i, "name"), f"{token.name!r} has a token already")
        if secret in secrets:
            yield Remark(("api", "tokens", i, "token"), "is somebody else's token already")
        names.add(token.name)
        secrets.add(secret)


def _narrowed(settings: Settings) -> Iterator[Remark]:
    for name, action in settings.actions.items():
        if narrowed := action.understood().narrowed:
            command = (
                action.command if isinstance(action.command, str) else " ".join(action.command)
            )
            what = f"{masked(shown(' '.join(command.split())))} {narrowed}"
            yield Remark(("actions", name, "command"), what)


def _added(settings: Settings) -> Iterator[Remark]:
    """Point out services that only `dependencies` names, where `services` names others."""
    if not settings.services:
        return
    for key in ("critical_services", "optional_services"):
        for i, name in enumerate(getattr(settings.dependencies, key)):
            if name in settings.named_services() and name not in settings.services:
                hint = did_you_mean(name, settings.services)
                what = f"{name!r} is not under `services`: taken for a Compose service{hint}"
                yield Remark(("dependencies", key, i), what)


def _unknown_dependencies(stack: Mapping[ServiceName, Service]) -> Iterator[Remark]:
    for name, service in stack.items():
        for i, other in enumerate(service.depends_on):
            if other not in stack:
                hint = did_you_mean(other, (known for known in stack if known != name))
                what = f"no service {other!r} in this file: a container's labels must name it{hint}"
                yield Remark(("services", name, "depends_on", i), what)


def _cycles(stack: Mapping[ServiceName, Service]) -> Iterator[Remark]:
    for cycle in cycles({name: service.depends_on for name, service in stack.items()}):
        what = f"depend on each other in a circle: {' -> '.join((*cycle, cycle[0]))}"
        yield Remark(("services", cycle[0], "depends_on"), what)


def cycles(
    depends_on: Mapping[ServiceName, Iterable[ServiceName]],
) -> tuple[tuple[ServiceName, ...], ...]:
    """Find circles of dependencies, each once, beginning with the service that comes first."""
    found: dict[frozenset[ServiceName], tuple[ServiceName, ...]] = {}
    done: set[ServiceName] = set()
    for start in depends_on:
        trail: list[ServiceName] = [start]
        ways = [iter(depends_on[start])]
        while ways:
            following = next(ways[-1], None)
            if following is None:
                done.add(trail.pop())
                ways.pop()
            elif following in trail:
                circle = tuple(trail[trail.index(following) :])
                found.setdefault(frozenset(circle), circle)
            elif following not in done and following in depends_on:
                trail.append(following)
                ways.append(iter(depends_on[following]))
    return tuple(found.values())


def _what_breakers_start(
    settings: Settings, stack: Mapping[ServiceName, Service]
) -> Iterator[Remark]:
    for name in settings.circuit_breakers.services:
        action = recovery_action(settings, name)
        path = ("circuit_breakers", "services", name, "recovery_action")
        if action is None:
            continue
        if not action.is_whole:
            what = (
                f"{shown(action.word)} is not carried out yet: when the breaker opens, {name!r} is "
                "diagnosed, and healed of what is found"
            )
            yield Remark(path, what)
        if ServiceName(name) not in stack:
            hint = did_you_mean(name, stack)
            what = f"no service {name!r} in this file: a container's labels must name it{hint}"
            yield Remark(path, what)


def _channels(settings: Settings) -> Iterator[Remark]:
    channels = settings.notifications.channels
    for name, alert in settings.predictive_monitoring.alerts.items():
        for i, channel in enumerate(alert.channels):
            if channel not in channels:
                hint = did_you_mean(channel, channels)
                what = f"{channel!r} is not in notifications.channels: nobody is told there{hint}"
                path = ("predictive_monitoring", "alerts", name, "channels", i)
                yield Remark(path, what)


def _units(settings: Settings) -> Iterator[Remark]:
    slowest = settings.predictive_monitoring.metrics.performance.response_time_p99
    if slowest > SLOWEST_LIKELY_ANSWER:
        seconds = slowest / timedelta(seconds=1)
        path = ("predictive_monitoring", "metrics", "performance", "response_time_p99")
        yield Remark(path, f"is read as {seconds:g} seconds; write {seconds:g}ms for milliseconds")
