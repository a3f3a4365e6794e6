"""Look at a container and its neighbourhood: read-only, in parallel, every gap named."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import datetime

from healing.breakers.operating import FleetBreaker
from healing.diagnosis import (
    Chronicle,
    Dependency,
    Evidence,
    ProbeAnswer,
    is_done,
    last,
    up_since,
)
from healing.errors import HealingError, InstanceGoneError
from healing.incidents import Incident, Remedy
from healing.instances import Health, Instance, What
from healing.names import InstanceName, ServiceName
from healing.policy.storm import Failing, Storm, storm_around
from healing.ports import Host, Prober
from healing.roster import Roll
from healing.services import Probe, Service
from healing.verification import Look

LOG_LINES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookout:
    """Everything needed to look: the eyes, the memory of what happened, and who belongs where."""

    host: Host
    prober: Prober
    roll: Roll
    chronicle: Chronicle
    readers: Executor
    clock: Callable[[], datetime]
    breaker: Callable[[str], FleetBreaker | None]
    """Gives the breaker of a name as it stands; None when nobody knows. Asks nobody."""
    failing_since: Callable[[], Mapping[InstanceName, datetime]] = dict[InstanceName, datetime]
    """Gives the containers that our probes find bad now, and since when. Asks nobody."""

    def gather(self, incident: Incident) -> Evidence:
        """Look at everything that a diagnosis may want to know.

        Raises:
            HostUnavailableError: The container engine does not answer.
            UnknownServiceError: The service is not looked after any more.
        """
        service = self.roll.now.service(incident.service)
        instance = self.inspect(incident)
        gaps: list[str] = []
        name = instance.name if instance else ""
        logs = self.readers.submit(self._logs, name) if instance else None
        probes = self._ask_all(service, instance)
        needs = [self.readers.submit(self._dependency, name) for name in service.depends_on]
        return Evidence(
            at=self.clock(),
            service=service,
            instance=instance,
            findings=incident.findings,
            act_asked_for=incident.asked_for is not None,
            half_restarted=is_half_restarted(incident, instance),
            happenings=self.chronicle.of(instance.name) if instance else (),
            probes=tuple(answer.result() for answer in probes),
            dependencies=tuple(need.result() for need in needs),
            logs=_or_gap(logs, "its output", gaps) if logs else "",
            breaker=self.breaker(service.name),
            unread=tuple(gaps),
        )

    def inspect(self, incident: Incident) -> Instance | None:
        """Look at the container itself; None when it is gone, or the service has none."""
        if incident.instance is None:
            return None
        try:
            return self.host.inspect(incident.instance)
        except InstanceGoneError:
            return None

    def look(self, incident: Incident) -> Look:
        """Look once, to see whether an act has helped."""
        service = self.roll.now.service(incident.service)
        instance = self.inspect(incident)
        answers = [answer.result() for answer in self._ask_all(service, instance)]
        bad = [answer.detail for answer in answers if not answer.ok]
        state = "gone" if instance is None else instance.status.value
        if instance is not None and instance.health is not Health.NONE:
            state = f"{state}, {instance.health}"
        return Look(
            at=self.clock(),
            instance=instance,
            answers=not bad if answers else None,
            detail="; ".join((state, *bad)),
        )

    def well_peers(self, service: Service, but: Instance) -> int | None:
        """Count the other containers of a service that are well; None when it has no others."""
        peers = [peer for peer in self.roll.now.of(service.name) if peer.name != but.name]
        if not peers:
            return None
        return sum(1 for peer in peers if self._is_well(service, peer)[0])

    def storm_around(self, service: Service) -> Storm | None:
        """Find the trouble of many services that this one's began with. Asks nobody."""
        services = self.roll.now.stack.services
        needs = {name: one.depends_on for name, one in services.items()}
        return storm_around(service.name, self._failing(), needs)

    def _failing(self) -> Failing:
        probed = self.failing_since()
        since: dict[ServiceName, datetime] = {}
        down: set[ServiceName] = set()
        asked = 0
        for name, service in self.roll.now.stack.services.items():
            found = self.roll.now.of(name)
            running = [one for one in found if one.is_running]
            bad = [at for one in running if (at := self._bad_since(one, probed)) is not None]
            if found and not running:
                down.add(name)
            elif service.probes or any(one.health is not Health.NONE for one in running):
                asked += 1
                if bad and len(bad) == len(running):
                    since[name] = max(bad)
        return Failing(since=since, down=frozenset(down), asked=asked)

    def _bad_since(
        self, instance: Instance, probed: Mapping[InstanceName, datetime]
    ) -> datetime | None:
        if instance.health is Health.UNHEALTHY:
            turned = last(self.chronicle.of(instance.name), What.UNHEALTHY)
            return turned.at if turned else probed.get(instance.name)
        return probed.get(instance.name)

    def _dependency(self, name: ServiceName) -> Dependency:
        """Say how another service stands: well when any of its containers is."""
        service = self.roll.now.stack.services.get(name)
        if service is None:
            return Dependency(name=name, ok=None, detail="not a service that we look after")
        found = self.roll.now.of(name)
        if not found:
            return Dependency(name=name, ok=None, detail="it has no container on this host")
        seen = [self._needed(service, instance) for instance in found]
        return min(seen, key=_reliance)

    def _needed(self, service: Service, instance: Instance) -> Dependency:
        """Say how one container of a service stands that another one needs."""
        lately = self.chronicle.of(instance.name)
        if is_done(service, instance, lately):
            return Dependency(name=service.name, ok=True, detail=f"{instance.name} has ended well")
        ok, detail = self._is_well(service, instance)
        since = up_since(instance, lately) if ok else None
        return Dependency(name=service.name, ok=ok, detail=detail, up_since=since)

    def _is_well(self, service: Service, listed: Instance) -> tuple[bool, str]:
        try:
            instance = self.host.inspect(listed.name)
        except HealingError as error:
            return False, str(error)
        if not instance.is_running:
            return False, f"{instance.name} is {instance.status}"
        if instance.health is Health.UNHEALTHY:
            return False, f"{instance.name} is unhealthy"
        for probe in service.probes:
            result = self.prober.ask(probe, instance)
            if not result.ok:
                return False, f"{instance.name}: {result.detail}"
        return True, f"{instance.name} is well"

    def _ask_all(self, service: Service, instance: Instance | None) -> list[Future[ProbeAnswer]]:
        if instance is None or not instance.is_running:
            return []
        return [self.readers.submit(self._ask, probe, instance) for probe in service.probes]

    def _ask(self, probe: Probe, instance: Instance) -> ProbeAnswer:
        result = self.prober.ask(probe, instance)
        return ProbeAnswer(probe=probe, ok=result.ok, detail=result.detail)

    def _logs(self, name: str) -> str:
        return self.host.logs(name, lines=LOG_LINES)


def is_half_restarted(incident: Incident, instance: Instance | None) -> bool:
    """Tell whether it is down in the run that our last restart was to end, and ended since."""
    if not incident.acts or instance is None or instance.finished_at is None:
        return False
    last_act = incident.acts[-1]
    fence = last_act.intended.fence
    return (
        last_act.intended.remedy is Remedy.RESTART
        and (fence.id, fence.started_at) == (instance.id, instance.started_at)
        and instance.is_down
        and instance.finished_at >= last_act.at
    )


def _reliance(dependency: Dependency) -> tuple[bool, float]:
    """What is well, and has been for longest, comes first."""
    since = dependency.up_since
    return (dependency.ok is not True, since.timestamp() if since else 0.0)


def _or_gap(reading: Future[str], what: str, gaps: list[str]) -> str:
    try:
        return reading.result()
    except HealingError as error:
        gaps.append(f"{what}: {error}")
        return ""
