"""`heal breakers`: the circuit breakers that a fleet shares, and the levers on them."""

import argparse
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from healing.cli.client import ask
from healing.cli.options import Commands, add_config, settings_of
from healing.errors import BadInputError
from healing.settings import Settings

LEVERS = ("force_open", "force_closed", "observe", "none", "reset", "rules")
SHOWN = 10


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "breakers",
        help="circuit breakers of all processes: how they stand, and levers on them",
        description="Without a name, all of them; with one, its history as well; with a lever, "
        "pull it in every process at once: force_open refuses every call, force_closed lets every "
        "call through, observe counts and refuses nobody, none lets it decide for itself again, "
        "reset closes it now, rules judges by other rules from now on.",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="one breaker")
    parser.add_argument("lever", nargs="?", choices=LEVERS, metavar="LEVER", help=", ".join(LEVERS))
    parser.add_argument("reason", nargs="?", metavar="REASON", help="why, in your words")
    parser.add_argument("--for", dest="lasts", metavar="TIME", help="until it ends by itself: 15m")
    parser.add_argument(
        "--epoch", type=int, metavar="N", help="only if nothing changed since this epoch"
    )
    parser.add_argument(
        "--set",
        dest="rules",
        action="append",
        type=_rule,
        default=[],
        metavar="RULE=VALUE",
        help="with rules: fail_rate=0.3, open_for=10s, ...; none at all: as the processes say",
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    add_config(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show them, or pull a lever. Returns 0 when it worked."""
    settings = settings_of(args)
    if not args.lever and (args.rules or args.lasts or args.epoch is not None):
        raise BadInputError("--set, --for and --epoch go with a lever; heal breakers NAME LEVER")
    answer = _pull(settings, args) if args.lever else ask(settings, "GET", _path(args.name))
    if args.json:
        print(json.dumps(answer, indent=2))
    elif args.name:
        print(one(answer, now=datetime.now(UTC)))
    else:
        print(table(answer, now=datetime.now(UTC)))
    return 0


def _pull(settings: Settings, args: argparse.Namespace) -> Any:
    body = {"reason": args.reason, "epoch": args.epoch, "for": args.lasts}
    path = args.lever if args.lever in {"reset", "rules"} else "override"
    if args.rules and path != "rules":
        raise BadInputError(f"--set: {args.lever} changes no rules; heal breakers NAME rules does")
    if args.lasts and path != "override":
        raise BadInputError(f"--for: {args.lever} is done at once; an override lasts")
    if not args.reason and path != "reset":
        raise BadInputError(f"say why: heal breakers {args.name} {args.lever} REASON")
    if path == "override":
        body["mode"] = args.lever
    if path == "rules":
        body["rules"] = dict(args.rules)
    said = {key: value for key, value in body.items() if value is not None}
    return ask(settings, "POST", f"{_path(args.name)}/{path}", said)


def _rule(text: str) -> tuple[str, float | str]:
    name, is_given, value = text.partition("=")
    if not is_given:
        raise argparse.ArgumentTypeError(f"{text!r} is no RULE=VALUE, such as fail_rate=0.3")
    try:
        return name, float(value)
    except ValueError:
        return name, value


def table(breakers: list[dict[str, Any]], *, now: datetime) -> str:
    """Draw one line for each, those that refuse calls first."""
    if not breakers:
        return (
            'No circuit breakers yet: a process shares one with breaker("NAME", scope="fleet"), '
            "or the file names it under circuit_breakers.services."
        )
    ordered = sorted(breakers, key=lambda b: (b["state"] in {"closed", None}, b["name"]))
    width = max(len(b["name"]) for b in breakers)
    lines = [f"{b['name']:<{width}}  {state(b):<11}  {_why(b, now)}" for b in ordered]
    return "\n".join([*lines, *_staleness(breakers, now)])


def one(breaker: dict[str, Any], *, now: datetime) -> str:
    """Draw one breaker, with what operators did to it."""
    counts = "{calls} calls, {failed} failed, {slow} slow, seen by {processes} processes"
    lines = [
        f"{breaker['name']}: {state(breaker)}",
        f"  {_why(breaker, now)}",
        f"  {counts.format(**breaker)} ({breaker['processes_failing']} see failures)",
        f"  epoch {breaker['epoch']}, opened {breaker['opened']} times since it last closed",
    ]
    if changed := breaker["changed_rules"]:
        said = ", ".join(f"{name} {value:g}" for name, value in changed.items())
        lines.append(f"  rules changed by hand: {said}")
    if breaker["override"]:
        lines.append(f"  without the override it would be {_words(breaker['verdict'])}")
    if breaker["history"] is None:
        lines.append("  how it changed, and what operators did, cannot be read now")
    else:
        lines += ["", "Changes"] if breaker["changes"] else []
        lines += [_change(entry) for entry in breaker["changes"][:SHOWN]]
        lines += ["", "By hand"] if breaker["history"] else []
        lines += [_line(entry) for entry in breaker["history"][:SHOWN]]
    return "\n".join([*lines, *_staleness([breaker], now)])


def state(breaker: dict[str, Any]) -> str:
    """Name the state as people say it."""
    return _words(breaker["state"]) if breaker["state"] else "not known"


def _words(state: str) -> str:
    return "forced closed" if state == "disabled" else state.replace("_", " ")


def _why(breaker: dict[str, Any], now: datetime) -> str:
    if breaker["state"] != "open" or not breaker["until"]:
        return breaker["why"]
    left = (datetime.fromisoformat(breaker["until"]) - now).total_seconds()
    when = f"trials in {left:.0f} s" if left > 0 else "a trial is due"
    return f"{breaker['why']}; {when}"


def _line(entry: dict[str, Any]) -> str:
    at = datetime.fromisoformat(entry["at"])
    lasts = f" for {entry['lasts_seconds']:g} s" if entry["lasts_seconds"] else ""
    why = f": {entry['reason']}" if entry["reason"] else ""
    was = _words(entry["before"])
    return f"  {at:%Y-%m-%d %H:%M:%S}  {entry['action']}{lasts} by {entry['by']}{why} (was {was})"


def _change(entry: dict[str, Any]) -> str:
    at = datetime.fromisoformat(entry["at"])
    counts = ": {failed} of {calls} calls failed, {slow} slow" if entry["calls"] else ""
    why = entry["because"].replace("_", " ") + counts.format(**entry)
    change = f"{_words(entry['before'])} to {_words(entry['after'])}"
    return f"  {at:%Y-%m-%d %H:%M:%S}  {change}, {why}"


def _staleness(breakers: list[dict[str, Any]], now: datetime) -> list[str]:
    if not any(b["stale"] for b in breakers):
        return []
    seen = [datetime.fromisoformat(b["seen_at"]) for b in breakers if b["seen_at"]]
    age = f" {(now - max(seen)).total_seconds():.0f} s ago" if seen else ""
    return ["", f"The shared state does not answer: this is what was seen last{age}."]


def _path(name: str | None) -> str:
    return f"/circuit-breakers/{quote(name, safe='')}" if name else "/circuit-breakers"
