"""Ask every container we look after whether it works, again and again."""

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from healing.finding import Finding, Kind
from healing.instances import Instance
from healing.names import InstanceName, SignalName
from healing.ports import Host, Prober, ProbeResult
from healing.roster import Roll
from healing.services import Probe, Service

log = logging.getLogger(__name__)

AT_ONCE = 16
TURN = timedelta(milliseconds=200)
SAY_AGAIN = timedelta(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How one probe of one container stands.

    Attributes:
        due: When it is asked next.
        failures: Bad answers in a row, in this run of the container.
        failing_since: The first of them; None while its last answer is no bad one.
        said_at: When this row of bad answers was last raised; None when it was not.
        well_in: The start of the run of the container in which it last answered well.
    """

    due: datetime
    last: ProbeResult | None = None
    failures: int = 0
    failing_since: datetime | None = None
    said_at: datetime | None = None
    well_in: datetime | None = None


def after(asked: Asked, result: ProbeResult, instance: Instance, settle: timedelta) -> Asked:
    """Say how a probe stands after one more answer.

    While a container settles after its start, until it first answers well, bad answers are not held
    against it.
    """
    started = instance.started_at
    if result.ok:
        return Asked(due=asked.due, last=result, well_in=started)
    if started is not None and asked.well_in != started and result.at - started < settle:
        return Asked(due=asked.due, last=result, well_in=asked.well_in)
    since = asked.failing_since or result.at
    return replace(asked, last=result, failures=asked.failures + 1, failing_since=since)


def is_a_sign(asked: Asked, probe: Probe) -> bool:
    """Tell whether there are enough bad answers in a row, and nobody has raised them lately.

    They are raised again and again while they last: a recovery that a good answer in between has
    ended would otherwise be the last.
    """
    if asked.last is None or asked.failures < probe.failures:
        return False
    return asked.said_at is None or asked.last.at - asked.said_at >= SAY_AGAIN


@dataclass(slots=True)
class ProbeListener:
    """Keeps asking, on a few threads of its own.

    Attributes:
        host: Asked for the container right before a probe, so that addresses are never stale.
        prober: Does the asking.
        roll: Says whom to ask.
        notice: Called with each finding.
        clock: Gives the present time.
    """

    host: Host
    prober: Prober
    roll: Roll
    notice: Callable[[Finding], object]
    clock: Callable[[], datetime]
    _asked: dict[tuple[InstanceName, int], Asked] = field(
        default_factory=dict[tuple[InstanceName, int], Asked]
    )
    _busy: set[tuple[InstanceName, int]] = field(default_factory=set[tuple[InstanceName, int]])
    _stop: threading.Event = field(default_factory=threading.Event)

    def start(self) -> list[threading.Thread]:
        """Begin to ask, in threads of its own."""
        thread = threading.Thread(target=self._run, name="probes", daemon=True)
        thread.start()
        return [thread]

    def stop(self) -> None:
        """Stop soon."""
        self._stop.set()

    def answers(self) -> Mapping[InstanceName, list[ProbeResult]]:
        """Give the last answer of every probe, by container."""
        found: dict[InstanceName, list[ProbeResult]] = {}
        for (name, _), asked in sorted(self._asked.items()):
            if asked.last is not None:
                found.setdefault(name, []).append(asked.last)
        return found

    def failing_since(self) -> Mapping[InstanceName, datetime]:
        """Give the containers that answer badly now, and since when."""
        found: dict[InstanceName, datetime] = {}
        for (name, _), asked in tuple(self._asked.items()):
            if asked.failing_since is not None:
                found[name] = min(asked.failing_since, found.get(name, asked.failing_since))
        return found

    def _run(self) -> None:
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="probe") as threads:
            while not self._stop.wait(TURN.total_seconds()):
                for name, index, probe, service in self._due():
                    self._busy.add((name, index))
                    threads.submit(self._ask, name, index, probe, service)

    def _due(self) -> list[tuple[InstanceName, int, Probe, Service]]:
        now, roster = self.clock(), self.roll.now
        present = {
            (name, index): (probe, service)
            for name, instance in roster.instances.items()
            if instance.is_running and (service := roster.owner(name)) is not None
            for index, probe in enumerate(service.probes)
        }
        for key in set(self._asked) - set(present):
            del self._asked[key]
        due: list[tuple[InstanceName, int, Probe, Service]] = []
        for key, (probe, service) in present.items():
            asked = self._asked.setdefault(key, Asked(due=now))
            if key not in self._busy and asked.due <= now:
                self._asked[key] = replace(asked, due=now + probe.every)
                due.append((*key, probe, service))
        return due

    def _ask(self, name: InstanceName, index: int, probe: Probe, service: Service) -> None:
        key = (name, index)
        try:
            instance = self.host.inspect(name)
            if not instance.is_running:
                return
            result = self.prober.ask(probe, instance)
            asked = self._asked.get(key)
            if asked is None:
                return
            now = after(asked, result, instance, service.limits.settle)
            if is_a_sign(now, probe):
                now = replace(now, said_at=result.at)
                self.notice(_unresponsive(service, instance, now, result))
            self._asked[key] = now
        except Exception as error:  # noqa: BLE001 - one probe must not end the others
            log.warning("probe not asked instance=%s error=%s", name, error)
        finally:
            self._busy.discard(key)


def _unresponsive(service: Service, instance: Instance, asked: Asked, last: ProbeResult) -> Finding:
    return Finding(
        service=service.name,
        instance=instance.name,
        kind=Kind.UNRESPONSIVE,
        signal=SignalName("probe"),
        score=1.0,
        detail=f"{instance.name}: {asked.failures} bad answers in a row, last: {last.detail}",
        at=last.at,
        began=asked.failing_since,
    )
