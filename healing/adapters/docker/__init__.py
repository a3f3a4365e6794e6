"""Containers of a Docker engine: look at them, follow what happens to them, start them again."""

from healing.adapters.docker.host import DockerHost

__all__ = ["DockerHost"]
