"""Keeps a stack of Docker services running, and leaves a record of every decision."""
