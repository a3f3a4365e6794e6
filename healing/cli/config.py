"""`heal config check|schema|show`."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from healing.errors import ConfigError

if TYPE_CHECKING:
    from argparse import (
        _SubParsersAction,  # pyright: ignore[reportPrivateUsage] -- argparse has no other name
    )

    from healing.settings import Settings

    Commands: TypeAlias = _SubParsersAction[argparse.ArgumentParser]

OK, WRONG = 0, 2


def register(subparsers: "Commands") -> None:
    """Add `config` to the command line."""
    parser = subparsers.add_parser("config", help="check, describe and show the configuration")
    verbs = parser.add_subparsers(required=True, metavar="check|schema|show")

    check = verbs.add_parser("check", help="say whether a file is good, and what it leaves to know")
    _add_file(check)
    check.set_defaults(run=_check)

    schema = verbs.add_parser("schema", help="print the JSON schema of the file, for editors")
    schema.set_defaults(run=_schema)

    show = verbs.add_parser("show", help="print the configuration as it is read, secrets masked")
    _add_file(show)
    show.add_argument(
        "--resolved",
        action="store_true",
        help="every key, with the place its value came from; otherwise only what was written",
    )
    show.set_defaults(run=_show)


def _add_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        metavar="FILE",
        help="the configuration; by default the one HEALING_CONFIG names, or none",
    )


def _check(args: argparse.Namespace) -> int:
    from healing.settings import waiting

    settings = _load(args.file)
    if settings is None:
        return WRONG
    file = settings.written().get(())
    print(f"OK: {file.source if file else 'no file'}: {_counts(settings)}")
    for note in settings.notes:
        print(f"note: {note}")
    written = settings.written()
    for path, feature in waiting(written).items():
        key = ".".join(map(str, path))
        print(f"set, but not yet acted upon: {written[path]}: {key} (waits for {feature})")
    return OK


def _schema(_: argparse.Namespace) -> int:
    from healing.settings import json_schema

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    return OK


def _show(args: argparse.Namespace) -> int:
    from healing.settings import show

    settings = _load(args.file)
    if settings is None:
        return WRONG
    print(show(settings, resolved=args.resolved), end="")
    return OK


def _load(file: Path | None) -> "Settings | None":
    """Load the settings, or print what is wrong with them."""
    from healing.settings import load

    try:
        return load(file, os.environ)
    except ConfigError as error:
        print("\n".join(error.faults), file=sys.stderr)
        return None


def _counts(settings: "Settings") -> str:
    numbers = {
        "service": len(settings.stack().services),
        "procedure": len(settings.recovery.procedures),
        "action": len(settings.actions),
        "circuit breaker": len(settings.circuit_breakers.services),
        "feature flag": len(settings.graceful_degradation.feature_flags),
        "cache": len(settings.graceful_degradation.cache_strategies),
        "channel": len(settings.notifications.channels),
        "token": len(settings.api.tokens),
    }
    return ", ".join(f"{n} {what}{'' if n == 1 else 's'}" for what, n in numbers.items())
