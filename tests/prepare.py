"""Install what the tests need from the distribution's packages; `make test` runs this first.

Where that is not allowed, the tests that need it say so and are skipped, or fail where real
components are required (`HEALING_REQUIRE_REAL=1`).
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from deployments.demo.packages import ensure_program, find_program
from healing.adapters.embedded.postgres import find_binaries

PROGRAMS = {
    "dockerd": ("docker.io", "a Docker engine: containers are broken and healed for real"),
    "iptables": ("iptables", "the Docker engine asks for it"),
    "promtool": ("prometheus", "a Prometheus with a past to learn from"),
    "redis-server": ("redis-server", "a Redis beside the Valkey that comes with the wheel"),
}
POSTGRES = ("postgresql", "the database of the Prefect server")


def say(words: str) -> None:
    """Tell the person in front of the screen."""
    print(f"· {words}", flush=True)


def main() -> int:
    """Install what is missing. Always 0: what cannot be had is the tests' to say."""
    for program, (package, why) in PROGRAMS.items():
        if not find_program(program):
            say(f"{package}: {why}")
            if reason := ensure_program(program, package, say, may_install=True):
                say(f"left out: {reason}")
    if find_binaries() is None:
        package, why = POSTGRES
        say(f"{package}: {why}")
        ensure_program("a PostgreSQL cluster", package, say, may_install=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
