"""What several commands ask for in the same way."""

import argparse
import io
import math
import os
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from healing.settings import Settings, load

MOST_SEED = 2**32 - 1
"""The largest that NumPy takes."""


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


def add_capacity(parser: argparse.ArgumentParser) -> None:
    """Add `--capacity`."""
    parser.add_argument(
        "--capacity",
        type=_capacity,
        metavar="N",
        help="where every signal is full; otherwise only memory_percent and the like are known",
    )


def add_seed(parser: argparse.ArgumentParser, *, same: str) -> None:
    """Add `--seed`."""
    parser.add_argument("--seed", type=_seed, default=0, help=f"the same seed, the same {same}")


def _capacity(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: a number above 0 is needed")
    return number


def _seed(text: str) -> int:
    number = int(text)
    if not 0 <= number <= MOST_SEED:
        raise argparse.ArgumentTypeError(f"{text}: a number from 0 to {MOST_SEED} is needed")
    return number


def write_arrays(path: Path, **arrays: Any) -> None:
    """Write an archive of arrays under exactly this name, whole or not at all.

    Raises:
        BadInputError: It cannot be written there.
    """
    import numpy as np

    from healing.adapters.files.whole import write_whole
    from healing.errors import BadInputError

    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)
    try:
        write_whole(path, packed.getvalue(), synced=False)
    except OSError as error:
        raise BadInputError(f"{path} cannot be written: {error.strerror or error}") from error


def read_span(option: str, text: str) -> timedelta:
    """Read a time such as `24h` from the command line.

    Raises:
        BadInputError: It is none.
    """
    from healing.errors import BadInputError
    from healing.units import read_some_time

    try:
        return read_some_time(text)
    except ValueError as error:
        raise BadInputError(f"{option} {text}: {error}") from None
