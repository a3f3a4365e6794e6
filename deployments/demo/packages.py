"""Programs from the distribution's packages, where this machine lets us install them."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

Say: TypeAlias = Callable[[str], None]

INSTALLING_TAKES = 300
SERVICES_GATE = Path("/usr/sbin/policy-rc.d")
"""Debian asks this program whether a package may start its services; 101 means no."""


def find_program(program: str) -> str | None:
    """Find a program, also where only system administrators look."""
    return shutil.which(program, path=search_path())


def ensure_program(program: str, package: str, say: Say, *, may_install: bool) -> str | None:
    """Make sure that a program can be run. Returns why it cannot, None when it can."""
    if find_program(program):
        return None
    if not may_install:
        return f"{program} is not installed"
    if os.geteuid() != 0:
        return f"{program} is not installed, and only root can install it"
    if not shutil.which("apt-get"):
        return f"{program} is not installed, and this is not a Debian-like machine"
    say(f"installing the package {package} (its service is not started)")
    with _no_services_started():
        for command in (["update", "-q"], ["install", "-qy", "--no-install-recommends", package]):
            if reason := _apt(command):
                return f"{package} could not be installed: {reason}"
    return None if find_program(program) else f"{package} is installed, and brings no {program}"


def search_path() -> str:
    """Give the search path, with the folders of system programs that people often lack."""
    return os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])


def _apt(arguments: list[str]) -> str | None:
    command = ["apt-get", "-o", "DPkg::Lock::Timeout=60", *arguments]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "PATH": search_path()},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=INSTALLING_TAKES,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{' '.join(arguments)} took longer than {INSTALLING_TAKES} s"
    return None if done.returncode == 0 else (done.stderr.strip() or done.stdout.strip())[-500:]


@contextlib.contextmanager
def _no_services_started() -> Iterator[None]:
    if SERVICES_GATE.exists():
        yield
        return
    SERVICES_GATE.write_text("#!/bin/sh\nexit 101\n")
    SERVICES_GATE.chmod(0o755)
    try:
        yield
    finally:
        SERVICES_GATE.unlink(missing_ok=True)
