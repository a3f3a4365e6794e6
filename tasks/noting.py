"""Say in one line what a step found or did, where the step is recorded."""

import contextlib
import logging
from collections.abc import Sequence

from prefect import get_run_logger
from prefect.exceptions import MissingContextError

from healing.incidents import Incident
from healing.report import tell

log = logging.getLogger(__name__)

MOST_LINES = 20


def note(incident: Incident) -> Incident:
    """Say the latest event of an incident."""
    say(f"{incident.target} #{incident.id} {tell(incident.history[-1][1])}")
    return incident


def say(line: str) -> None:
    """Log a line: to the task run when there is one, and always to our own log."""
    log.info(line)
    with contextlib.suppress(MissingContextError):
        get_run_logger().info(line)


def say_some(lines: Sequence[str]) -> None:
    """Log the first of many lines, and how many more there are: the server keeps each of them."""
    for line in lines[:MOST_LINES]:
        say(line)
    if (more := len(lines) - MOST_LINES) > 0:
        say(f"and {more} more")
