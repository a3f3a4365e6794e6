"""A disk without room."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

ROOM = 256


@contextmanager
def no_room() -> Iterator[None]:
    """Let this process write no file longer than a few bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
