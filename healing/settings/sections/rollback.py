"""`rollback`."""

from datetime import timedelta

from pydantic import Field

from healing.settings.kinds import Count, Duration, Flag
from healing.settings.section import Switchable


class AutomaticRollback(Switchable):
    """Going back without being asked."""

    enabled: Flag = False
    """Whether to go back without being asked."""
    failure_threshold: Count = 10
    """Failures within `time_window` that call for it."""
    time_window: Duration = timedelta(minutes=5)
    """Over how long failures are counted."""


class Rollback(Switchable):
    """Going back to what last worked."""

    enabled: Flag = True
    """Whether to remember how services were set up while they were well."""
    snapshot_interval: Duration = timedelta(hours=1)
    """How often that is remembered."""
    max_snapshots: Count = 24
    """How many of these memories are kept."""
    automatic_rollback: AutomaticRollback = Field(default_factory=AutomaticRollback)
    """Going back without being asked."""
