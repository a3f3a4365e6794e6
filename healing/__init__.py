"""Keeps a stack of Docker services running, and leaves a record of every decision."""

__version__ = "0.1.0"
