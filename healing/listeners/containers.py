"""Hear what happens to containers, and see for ourselves what the stream may have missed."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from healing.diagnosis import Chronicle
from healing.errors import HealingError
from healing.finding import Finding
from healing.instances import Happening, What
from healing.listeners.signs import sign_of_happening, sign_of_state
from healing.names import InstanceName
from healing.ports import Host
from healing.roster import Roll

log = logging.getLogger(__name__)

RECONCILE_EVERY = timedelta(seconds=15)
RECONNECT_AFTER = timedelta(seconds=1)
BEFORE_WE_CAME = timedelta(hours=1)
"""How far back we ask what happened when we start; an engine remembers its last 256 events."""
OVERLAP = timedelta(seconds=2)
"""How far before the last thing heard we ask again after a reconnect."""


class ContainerListener:
    """Follows the engine's event stream, and lists all containers on every (re)connect and often.

    Args:
        host: The engine.
        roll: Told of every listing.
        chronicle: Told of everything that happens.
        notice: Called with each finding; must not block for long.
        clock: Gives the present time.
    """

    def __init__(
        self,
        host: Host,
        roll: Roll,
        chronicle: Chronicle,
        notice: Callable[[Finding], object],
        clock: Callable[[], datetime],
    ) -> None:
        self._host = host
        self._roll = roll
        self._chronicle = chronicle
        self._notice = notice
        self._clock = clock
        self._stop = threading.Event()
        self._said: dict[InstanceName, tuple[object, ...]] = {}
        self._heard_until = clock() - BEFORE_WE_CAME
        self._heard: Happening | None = None
        self._lost_at = clock()
        self.connected = False
        self.reconciled_at: datetime | None = None

    def start(self) -> list[threading.Thread]:
        """Begin to listen and to reconcile, each in a thread of its own."""
        threads = [
            threading.Thread(target=self._listen, name="container-events", daemon=True),
            threading.Thread(target=self._reconcile_often, name="reconcile", daemon=True),
        ]
        for thread in threads:
            thread.start()
        return threads

    def stop(self) -> None:
        """Stop soon."""
        self._stop.set()

    def catch_up(self) -> None:
        """Read what happened while we did not listen, then judge by what stands now.

        Raises:
            HostUnavailableError: The engine did not answer.
        """
        now = self._clock()
        since = min(self._heard_until, now) - OVERLAP
        told = self._host.happened(since=since)
        for happening in told:
            self._chronicle.add(happening)
        heard = self._heard
        if heard is not None and heard.at <= now and heard not in told:
            # An engine forgets what happened only when it is started anew.
            down = [one for one in self._host.instances() if one.is_down]
            self._chronicle.engine_ended(self._lost_at, down)
        self._heard = told[-1] if told else None
        self.reconcile()

    def reconcile(self) -> None:
        """List all containers and raise what stands badly, once per state that it stands in.

        Raises:
            HostUnavailableError: The engine did not answer.
        """
        roster = self._roll.call(self._host.instances())
        for name, instance in roster.instances.items():
            service = roster.owner(name)
            state = (instance.id, instance.status, instance.health, instance.finished_at)
            if service is None or self._said.get(name) == state:
                continue
            self._said[name] = state
            if finding := sign_of_state(instance, service, self._clock()):
                self._notice(finding)
        for gone in set(self._said) - set(roster.instances):
            del self._said[gone]
        self._chronicle.forget(keep=roster.instances)
        self.reconciled_at = self._clock()

    def hear(self, happening: Happening) -> None:
        """Take in one happening of the stream."""
        if not self._chronicle.add(happening):
            return
        self._heard_until = happening.at
        self._heard = happening
        known = happening.name in self._roll.now.owners
        if happening.what in {What.CREATED, What.REMOVED} or not known:
            self._roll.call(self._host.instances())
        service = self._roll.now.owner(happening.name)
        if service is None:
            return
        instance = self._roll.now.instances[happening.name]
        lately = self._chronicle.of(happening.name)
        if finding := sign_of_happening(happening, lately, instance, service):
            self._notice(finding)
        if happening.what is not What.SIGNALLED:
            self._roll.update(self._host.inspect(happening.name))

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                stream = self._host.happenings(since=None)
                self.catch_up()
                self.connected = True
                for happening in stream:
                    self._survive(happening)
                    if self._stop.is_set():
                        return
            except HealingError as error:
                log.warning("container events lost error=%s", error)
            except Exception:
                log.exception("container events lost")
            if self.connected:
                self._lost_at = self._clock()
            self.connected = False
            self._stop.wait(RECONNECT_AFTER.total_seconds())

    def _survive(self, happening: Happening) -> None:
        """One bad event must not end the stream."""
        try:
            self.hear(happening)
        except Exception:
            log.exception("happening left out what=%s name=%s", happening.what, happening.name)

    def _reconcile_often(self) -> None:
        while not self._stop.wait(RECONCILE_EVERY.total_seconds()):
            try:
                self.reconcile()
            except HealingError as error:
                log.warning("reconcile failed error=%s", error)
            except Exception:
                log.exception("reconcile failed")
