"""`heal`: the command line."""

import argparse
from collections.abc import Sequence

from healing.cli import config


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(prog="heal", description="Keep a stack of services running.")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    config.register(subparsers)
    args = parser.parse_args(argv)
    code: int = args.run(args)
    return code
