"""`heal backtest`: what our alarms and forecasts would have been worth on recordings."""

import argparse
import json
import sys
from pathlib import Path

from healing.cli.options import Commands, add_capacity, add_seed


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("backtest", help="replay recordings, and say what it was worth")
    parser.add_argument(
        "path", type=Path, metavar="PATH", help="an .npz, .csv or .parquet, or a folder of them"
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    add_capacity(parser)
    parser.add_argument(
        "--window",
        default="24h",
        metavar="TIME",
        help="exhaustion within this time is foretold (24h)",
    )
    parser.add_argument(
        "--sensitivity", type=float, default=0.8, metavar="S", help="0 to 1, as configured (0.8)"
    )
    add_seed(parser, same="figures")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Replay everything and print what came of it.

    Raises:
        BadInputError: There is nothing to replay, or an option makes no sense.
    """
    from healing.adapters.recordings import Unread, read_recordings
    from healing.backtest import Terms, Verdict, as_json, as_text, judge
    from healing.cli.options import read_span
    from healing.errors import BadInputError

    if not 0 <= args.sensitivity <= 1:
        raise BadInputError(f"--sensitivity {args.sensitivity:g}: it goes from 0 to 1")
    terms = Terms(
        sensitivity=args.sensitivity,
        window=read_span("--window", args.window),
        capacity=args.capacity,
        seed=args.seed,
    )
    verdicts: list[Verdict] = []
    for found in read_recordings(args.path):
        if isinstance(found, Unread):
            print(f"passed over {found.name}: {found.why}", file=sys.stderr)
            continue
        verdicts.append(judge(found, terms))
        if sys.stderr.isatty():
            print(f"{len(verdicts)}: {found.name}", file=sys.stderr)
    if not verdicts:
        raise BadInputError(f"{args.path}: none of its files holds a recording")
    print(json.dumps(as_json(verdicts), indent=2) if args.json else as_text(verdicts))
    return 0
