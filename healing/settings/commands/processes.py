"""`kill`, `killall`, `pkill`: by name or number, they hit whatever happens to match."""

from healing.settings.actions import RestartContainer
from healing.settings.commands.words import Understood


def understand() -> Understood:
    """Understand a kill: whatever it names, only the service in trouble is meant."""
    return Understood(
        (RestartContainer(),),
        "killed processes by force, whosoever they were; becomes a graceful restart of the "
        "service in trouble",
    )
