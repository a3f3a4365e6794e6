"""`heal`: the command of this package."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence

from healing import __version__
from healing.cli import (
    agent,
    backtest,
    breakers,
    config,
    doctor,
    forecast,
    score,
    status,
    switch,
    up,
)
from healing.errors import (
    BadInputError,
    ConfigError,
    HealingError,
    NotInstalledError,
    SetupError,
)

COMMANDS = (up, agent, status, doctor, switch, breakers, config, score, forecast, backtest)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 when it worked, 1 when it did not, 2 for a wrong configuration, word or file, 3 when
        something on this machine must be put right first.
    """
    if reconfigure := getattr(sys.stdout, "reconfigure", None):
        # Signs that a terminal has not are no reason to say nothing.
        reconfigure(errors="replace")
    parser = argparse.ArgumentParser(
        prog="heal", description="Keeps a stack of Docker services running, and says why."
    )
    parser.add_argument("--version", action="version", version=f"healing {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.register(commands)
    args = parser.parse_args(argv)
    try:
        code = args.run(args)
        sys.stdout.flush()
    except BrokenPipeError:
        return _unheard()
    except (ConfigError, BadInputError) as error:
        return _say(error, 2)
    except SetupError as error:
        return _say(error, 3)
    except HealingError as error:
        return _say(error, 1)
    except ModuleNotFoundError as error:
        if (error.name or "healing").partition(".")[0] == "healing":
            raise
        return _say(NotInstalledError(error.name or ""), 3)
    except KeyboardInterrupt:
        return 130
    return code


def _unheard() -> int:
    """End quietly, as other programs do when a pipe is closed early (`heal status | head`).

    SIGPIPE itself would end us for every connection that somebody closes, too.
    """
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - a descriptor, not a path
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
    return 128 + signal.SIGPIPE


def _say(error: Exception, code: int) -> int:
    sys.stdout.flush()
    sys.stderr.write(f"heal: {error}\n")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
