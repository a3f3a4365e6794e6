"""Break a small shop of real containers, and watch it being healed.

make demo            break three things, show how each was healed, end by itself
make up              the same shop and everything around it, kept running until Ctrl-C
"""

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from deployments.demo.faults import Healing, three_faults, watch
from deployments.demo.healer import Healer, HealerError
from deployments.demo.world import World, WorldError

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "shop"
FAULTS = 3
HEALED, NOT_HEALED, NO_WORLD, STOPPED = 0, 1, 3, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo. Returns 0 only when all three faults were really healed."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="break nothing; run until Ctrl-C")
    parser.add_argument("--home", type=Path, default=ROOT / ".state" / "demo", help="all state")
    parser.add_argument("--no-install", action="store_true", help="install no system packages")
    parser.add_argument("--no-docker", action="store_true", help="supervised processes instead")
    args = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGHUP, _stop)
    began = time.monotonic()
    try:
        with (
            World(
                args.home / "world",
                say=say,
                project=PROJECT,
                may_install=not args.no_install,
                may_use_docker=not args.no_docker,
            ) as world,
            _healer(args.home / "heal", world) as healer,
        ):
            if world.prometheus_url:
                say(f"it learns what is usual: {healer.learn()}")
            _say_where(world, healer)
            code = _keep(world) if args.keep else _break(world, healer)
    except (WorldError, HealerError) as error:
        print(f"\nThe demo cannot go on: {error}", file=sys.stderr)
        return NO_WORLD
    except KeyboardInterrupt:
        print("\nStopped.")
        return STOPPED
    print(f"Everything is stopped and cleared away ({time.monotonic() - began:.0f} s in all).")
    return code


def say(words: str) -> None:
    """Tell the person in front of the screen what is going on."""
    print(f"· {words}", flush=True)


def _healer(home: Path, world: World) -> Healer:
    say("starting healing: a Prefect server, a Valkey server, the agent")
    return Healer(home, world)


def _break(world: World, healer: Healer) -> int:
    if not world.prometheus_url:
        say("left out: the leak, which only Prometheus can show")
    healings: list[Healing] = []
    for fault in three_faults(world, PROJECT):
        if fault.needs_metrics and not world.prometheus_url:
            continue
        say(f"{fault.container} {fault.name} ...")
        healings.append(watch(fault, healer))
        say(f"  {_verdict(healings[-1])}")
    _print_table(healings)
    if world.left_out:
        print(f"Left out: {'; '.join(world.left_out)}.")
    healed = sum(healing.is_healed for healing in healings)
    if healed == FAULTS:
        print("All three were healed, and our own probes agree. `make up` shows the runs again.\n")
        return HEALED
    print(f"{healed} of {FAULTS} were healed.\n")
    return NOT_HEALED


def _verdict(healing: Healing) -> str:
    if healing.is_healed:
        return f"healed: {healing.incident['headline'] if healing.incident else ''}"
    if healing.incident is None:
        return f"not noticed within {healing.fault.within:.0f} s"
    return f"NOT healed: {healing.incident['headline']}"


def _print_table(healings: Sequence[Healing]) -> None:
    head = ("fault", "detected", "acted", "healthy", "decided, and why")
    rows = [
        (
            f"{healing.fault.container} {healing.fault.name}",
            _seconds(healing.seen_after),
            _seconds(healing.acted_after),
            _seconds(healing.well_after),
            healing.incident["headline"] if healing.incident else "nothing was noticed",
        )
        for healing in healings
    ]
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(4)]
    print()
    for row in (head, *rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        print("  " + "  ".join((*cells, row[4])))
    print()
    for healing in healings:
        if healing.incident and healing.incident["run_url"]:
            print(f"  {healing.fault.container}: {healing.incident['run_url']}")
    print()


def _say_where(world: World, healer: Healer) -> None:
    print()
    for what, where in {
        "The shop": world.shop_url,
        "Prefect UI": f"{healer.prefect}/v2/runs",
        "REST API": f"{healer.api}/docs",
        "Prometheus": world.prometheus_url or "left out",
        "State and logs": str(healer.home.parent),
    }.items():
        print(f"  {what:<15} {where}")
    print(flush=True)


def _keep(world: World) -> int:
    kill = "pkill -KILL -n -f apps/api.py"
    if world.docker_url:
        kill = f"docker -H {world.docker_url} kill {PROJECT}-api-1"
    print(f"It runs until Ctrl-C. Break something, for instance: {kill}\n")
    try:
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        print("\nstopping ...", flush=True)
    return HEALED


def _seconds(span: float | None) -> str:
    return "—" if span is None else f"{span:.1f} s"


def _stop(_: int, __: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    raise SystemExit(main())
