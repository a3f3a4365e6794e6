"""Supervised processes of this machine, where no Docker can be had.

A small supervisor owns them and outlives the agent; it answers on a Unix socket with one line of
JSON per question. When the supervisor itself dies, the kernel ends what it started.
"""

from healing.adapters.processes.host import ProcessHost
from healing.adapters.processes.program import HealthCommand, Program

__all__ = ["HealthCommand", "ProcessHost", "Program"]
