"""What several commands ask for in the same way."""

import argparse
import os
from pathlib import Path
from typing import Any, Protocol

from healing.settings import Settings, load


class Commands(Protocol):
    """Where a command adds itself: what `add_subparsers` gives."""

    def add_parser(self, name: str, *, help: str, **more: Any) -> argparse.ArgumentParser:  # noqa: A002 - argparse's word
        """Add a command."""
        ...


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add `--config`."""
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="the configuration (or HEALING_CONFIG)"
    )


def settings_of(args: argparse.Namespace) -> Settings:
    """Load what `--config` or the environment names.

    Raises:
        ConfigError: It is wrong.
    """
    return load(args.config, os.environ)
