"""Say in one line what a step found or did, where the step is recorded."""

import logging

from prefect import get_run_logger
from prefect.exceptions import MissingContextError

from healing.incidents import Incident
from healing.report import tell

log = logging.getLogger(__name__)


def note(incident: Incident) -> Incident:
    """Log the latest event: to the task run when there is one, and always to our own log."""
    line = tell(incident.history[-1][1])
    log.info("%s #%s %s", incident.target, incident.id, line)
    try:
        get_run_logger().info(line)
    except MissingContextError:
        return incident
    return incident
