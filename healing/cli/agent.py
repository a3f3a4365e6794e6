"""`heal agent`: the long-lived process that watches and heals."""

import argparse
import os
import sys

from healing.cli.home import environment, home
from healing.cli.options import add_config, settings_of


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "agent", help="watch and heal, with a Prefect server that is there already"
    )
    add_config(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Become the agent; comes back only when it cannot."""
    settings = settings_of(args)
    env = environment(settings, os.environ)
    if args.config:
        env["HEALING_CONFIG"] = str(args.config.resolve())
    os.chdir(home(os.environ))
    os.execve(sys.executable, [sys.executable, "-m", "flows.agent"], env)  # noqa: S606 - no shell
