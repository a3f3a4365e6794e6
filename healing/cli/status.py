"""`heal status`: one screen that a tired person understands."""

import argparse
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from healing.cli.breakers import state
from healing.cli.client import ask
from healing.cli.options import Commands, add_config, settings_of

GREEN, RED, YELLOW, DIM, BOLD, PLAIN = (f"\x1b[{code}m" for code in (32, 31, 33, 2, 1, 0))

REFUSING = frozenset({"open", "half_open", "forced_open"})


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("status", help="how everything stands, on one screen")
    parser.add_argument("--json", action="store_true", help="for programs")
    add_config(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show it. Returns 0 when all is well and acting is allowed, 1 otherwise."""
    status = ask(settings_of(args), "GET", "/status")
    if args.json:
        print(json.dumps(status, indent=2))
    else:
        colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        print(screen(status, now=datetime.now(UTC), colour=colour))
    return 0 if is_well(status) else 1


def is_well(status: dict[str, Any]) -> bool:
    """Tell whether nothing needs a person's eye."""
    containers = [c for service in status["services"] for c in service["containers"]]
    return (
        status["acting"]
        and all(dependency["ok"] for dependency in status["dependencies"])
        and all(container["well"] is not False for container in containers)
        and not status["open_incidents"]
        and not any(b["state"] in REFUSING for b in _not_closed(status))
    )


def _not_closed(status: dict[str, Any]) -> list[dict[str, Any]]:
    known = status["circuit_breakers"]
    return known["not_closed"] if known else []


def screen(status: dict[str, Any], *, now: datetime, colour: bool) -> str:
    """Draw the screen."""
    paint = _Paint(colour)
    return "\n".join(
        [
            _verdict(status, paint),
            "",
            *_services(status, paint),
            *_breakers(status, paint),
            *_incidents(status, now, paint),
            *_noticed(status, now, paint),
            *_dependencies(status, paint),
        ]
    )


class _Paint:
    def __init__(self, colour: bool) -> None:  # noqa: FBT001 - private
        self._colour = colour

    def __call__(self, text: str, style: str) -> str:
        return f"{style}{text}{PLAIN}" if self._colour else text


def _verdict(status: dict[str, Any], paint: _Paint) -> str:
    if not status["acting"]:
        return paint(f"NOT ACTING: {status['why_not_acting']}", BOLD + YELLOW)
    count = len(status["open_incidents"])
    if count:
        return paint(f"{count} open incident{'s' if count > 1 else ''}", BOLD + RED)
    if is_well(status):
        return paint("All is well.", BOLD + GREEN)
    return paint("Something is not well; see below.", BOLD + YELLOW)


def _services(status: dict[str, Any], paint: _Paint) -> list[str]:
    if not status["services"]:
        return [
            "No services yet. Label a container `healing.enable=true`, or name it in the file.",
            "",
        ]
    width = max(len(c["name"]) for s in status["services"] for c in s["containers"] or [s])
    lines: list[str] = []
    for service in status["services"]:
        needs = f"  needs {', '.join(service['depends_on'])}" if service["depends_on"] else ""
        level = "" if service["level"] == "auto" else f"  [{service['level']}]"
        lines.append(paint(service["name"], BOLD) + paint(f"{level}{needs}", DIM))
        if not service["containers"]:
            lines.append(paint("  no container found", YELLOW))
        for container in service["containers"]:
            mark, style = {
                True: ("✓", GREEN),
                False: ("✗", RED),
                None: ("·", DIM),
            }[container["well"]]
            said = "; ".join(container["answers"]) or "nothing to ask it"
            lines.append(
                f"  {paint(mark, style)} {container['name']:<{width}}  "
                f"{container['status']:<10} {paint(said, DIM)}"
            )
    return [*lines, ""]


def _breakers(status: dict[str, Any], paint: _Paint) -> list[str]:
    """One line for all of them, and one for each that is not simply closed."""
    known = status["circuit_breakers"]
    if not known or not known["by_state"]:
        return []
    counts = ", ".join(f"{n} {s.replace('_', ' ')}" for s, n in known["by_state"].items())
    lines = [paint("Circuit breakers", BOLD) + paint(f"  {counts}", DIM)]
    lines += [
        f"  {paint('✗' if b['state'] in REFUSING else '·', YELLOW)} {b['name']} "
        f"{state(b)}  {paint(b['why'], DIM)}"
        for b in known["not_closed"]
    ]
    if known["stale"]:
        lines.append(paint("  the shared state does not answer: as seen last", YELLOW))
    return [*lines, ""]


def _incidents(status: dict[str, Any], now: datetime, paint: _Paint) -> list[str]:
    lines: list[str] = []
    if status["open_incidents"]:
        lines.append(paint("Open", BOLD))
        lines += [_incident(incident, now, paint) for incident in status["open_incidents"]]
        lines.append("")
    if status["lately"]:
        lines.append(paint("Lately", BOLD))
        lines += [_incident(incident, now, paint) for incident in status["lately"][:5]]
        lines.append("")
    return lines


def _incident(incident: dict[str, Any], now: datetime, paint: _Paint) -> str:
    ago = _ago(now - datetime.fromisoformat(incident["opened_at"]))
    run = f"\n      {paint(incident['run_url'], DIM)}" if incident["run_url"] else ""
    return f"  {ago:>8}  #{incident['id']}  {incident['headline']}{run}"


def _noticed(status: dict[str, Any], now: datetime, paint: _Paint) -> list[str]:
    """What is found and nobody acts upon."""
    found = [
        f"  {_ago(now - datetime.fromisoformat(one['first_at'])):>8}  {one['service']}: "
        f"{one['kind']}, {one['detail']}"
        for one in status["noticed"]
    ]
    return [paint("Noticed", BOLD), *found, ""] if found else []


def _dependencies(status: dict[str, Any], paint: _Paint) -> list[str]:
    parts = [
        paint(f"{dependency['name']}: {dependency['detail']}", DIM if dependency["ok"] else YELLOW)
        for dependency in status["dependencies"]
    ]
    return [paint(" · ", DIM).join(parts)]


def _ago(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for size, word in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {word}"
    return f"{max(seconds, 0)} s"
