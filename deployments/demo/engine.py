"""A Docker engine for the demo: the one that is there, or one of its own for the time being."""

import contextlib
import hashlib
import itertools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from deployments.demo.packages import Say, ensure_program, search_path
from healing.adapters.docker import DockerHost
from healing.adapters.docker.engine import find_engine
from healing.errors import HealingError

READY_WITHIN = 40.0
STOPS_WITHIN = 20.0
BRIDGED_IS_FILTERED = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")
NO_FIREWALL = ("--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false")
"""The shop needs none: its parts share one bridge, and a proxy publishes their ports."""
NEXT_TRY = {
    # What a failed start says in its log -> what another start does without.
    "iptables": NO_FIREWALL,
    "overlay": ("--storage-driver=vfs",),
    "storage-driver": ("--storage-driver=vfs",),
    "graphdriver": ("--storage-driver=vfs",),
}


@dataclass(frozen=True, slots=True)
class NoEngine:
    """No Docker engine can be had here."""

    reason: str


@dataclass(slots=True)
class Engine:
    """A Docker engine that answers.

    Attributes:
        url: Where it listens.
        version: What it calls itself.
        pid: Of the daemon, when it is our own; None when it was there before us.
    """

    url: str
    version: str
    pid: int | None = None
    _run: Path | None = field(default=None, repr=False)
    _child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def stop(self) -> None:
        """Stop it, if it is our own."""
        if self.pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
            if not _wait(lambda: not self._runs(), STOPS_WITHIN):
                os.kill(self.pid, signal.SIGKILL)
                _wait(lambda: not self._runs(), STOPS_WITHIN)
        self.pid = None
        if self._run is not None:
            _unmount_all(self._run)
            shutil.rmtree(self._run, ignore_errors=True)

    def _runs(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        return self.pid is not None and Path(f"/proc/{self.pid}").exists()


def ensure_engine(home: Path, say: Say, *, may_install: bool = True) -> Engine | NoEngine:
    """Find an engine that answers, or start one with its data in `home`.

    Where it starts one, it must be stopped. One that an earlier demo left behind is taken over.
    """
    daemon = _Daemon(home)
    if running := daemon.take_over():
        return running
    reasons: list[str] = []
    for url in _candidates():
        if not _is_here(url):
            reasons.append(f"the engine at {url} is on another machine")
            continue
        try:
            return Engine(url, ask(url))
        except HealingError as error:
            reasons.append(str(error).replace("\n  -> ", ": "))
    if os.geteuid() != 0:
        return NoEngine(f"{reasons[0]} (only root can start an engine)")
    if other := next(_other_daemons(), None):
        return NoEngine(f"a Docker engine runs here as process {other} and does not answer")
    why_not = ensure_program("dockerd", "docker.io", say, may_install=may_install)
    return NoEngine(why_not) if why_not else daemon.start(say)


def ask(url: str) -> str:
    """Ask the engine at `url` for its version.

    Raises:
        SetupError: There is none, or we may not use it.
        HostUnavailableError: It does not answer.
    """
    host = DockerHost(url, answer_within=timedelta(seconds=3))
    try:
        return host.ping()
    finally:
        host.close()


def _is_here(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "unix" or parts.hostname in {"localhost", "127.0.0.1", "::1"}


def _candidates() -> Iterator[str]:
    """Where an engine may listen: as the `docker` command would look, then what runs here."""
    yield find_engine()
    if os.geteuid() == 0 and "DOCKER_HOST" not in os.environ:
        for pid in _other_daemons():
            arguments = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            for flag, value in itertools.pairwise(arguments):
                name, _, joined = flag.partition("=")
                if name in {"-H", "--host"}:
                    yield joined or value


def _other_daemons() -> Iterator[int]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                name, _, state = (folder / "stat").read_text().partition(" (")[2].rpartition(") ")
                # One that has ended, and whose parent has not asked yet how, is no engine any more.
                if name == "dockerd" and not state.startswith("Z"):
                    yield int(folder.name)


class _Daemon:
    """A `dockerd` of our own, apart from any other on the machine.

    Its socket and run-time files live in `/run`, since a socket's path must stay short.
    """

    def __init__(self, home: Path) -> None:
        self.home = home.resolve()
        mark = hashlib.sha256(str(self.home).encode()).hexdigest()[:8]
        self.run = Path("/run", f"healing-demo-{mark}")
        self.url = f"unix://{self.run}/docker.sock"
        self.pidfile = self.run / "docker.pid"
        self.log = self.home / "dockerd.log"

    def take_over(self) -> Engine | None:
        """Take over the one that an earlier demo could not stop."""
        with contextlib.suppress(OSError, ValueError, HealingError):
            pid = int(self.pidfile.read_text())
            if pid in _other_daemons():
                return Engine(self.url, ask(self.url), pid, self.run)
        return None

    def start(self, say: Say) -> Engine | NoEngine:
        """Start it, with less and less as the machine refuses things."""
        self.home.mkdir(parents=True, exist_ok=True)
        say(f"starting a Docker engine of our own (data in {self.home}, log in {self.log})")
        without = () if _firewall_knows_docker() else NO_FIREWALL
        outcome = self._try(without)
        while isinstance(outcome, NoEngine):
            more = next((f for words, f in NEXT_TRY.items() if words in outcome.reason), ())
            if not set(more) - set(without):
                return outcome
            say(f"it did not start; trying with {' '.join(more)}")
            without = (*without, *more)
            outcome = self._try(without)
        return outcome

    def _try(self, flags: tuple[str, ...]) -> Engine | NoEngine:
        self.run.mkdir(parents=True, exist_ok=True)
        for stale in (self.pidfile, self.run / "docker.sock"):
            stale.unlink(missing_ok=True)
        command = [
            "dockerd",
            f"--host={self.url}",
            f"--data-root={self.home / 'data'}",
            f"--exec-root={self.run / 'exec'}",
            f"--pidfile={self.pidfile}",
            "--bridge=none",
            # The machine's containerd, where one runs, is shared under names of our own.
            "--containerd-namespace=healing-demo",
            "--containerd-plugins-namespace=healing-demo-plugins",
            *flags,
        ]
        with self.log.open("wb") as log:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "PATH": search_path()},
            )
        engine = Engine(self.url, "", child.pid, self.run, child)
        deadline = time.monotonic() + READY_WITHIN
        while time.monotonic() < deadline and child.poll() is None:
            with contextlib.suppress(HealingError):
                engine.version = ask(self.url)
                return engine
            time.sleep(0.1)
        engine.stop()
        last_words = self.log.read_text(errors="replace").strip().splitlines()[-3:]
        return NoEngine(f"dockerd did not start: {' / '.join(last_words)[-600:]}")


def _firewall_knows_docker() -> bool:
    """Tell whether an engine was here before: then bridged traffic passes the firewall's rules.

    On a machine like that, ours has to add its own; on any other it leaves the firewall alone.
    """
    try:
        return BRIDGED_IS_FILTERED.read_text().strip() == "1"
    except OSError:
        return False


def _unmount_all(folder: Path) -> None:
    """Unmount what a stopped engine leaves mounted: the handle of a network, most of all."""
    mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for point in sorted((m for m in mounted if m.startswith(f"{folder}/")), reverse=True):
        subprocess.run(["umount", point], capture_output=True, timeout=10, check=False)


def _wait(claim: Callable[[], bool], within: float) -> bool:
    deadline = time.monotonic() + within
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
