"""What several commands ask for in the same way."""

import argparse
import os
from pathlib import Path

from healing.settings import Settings, load


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
