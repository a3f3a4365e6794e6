"""Ports and loopback addresses that nobody uses."""

import socket
from collections.abc import Sequence

LOOPBACK = "127.0.0.1"
FIRST, LAST, STEP = 18080, 28080, 100


class NothingFreeError(Exception):
    """Every place we would try is taken."""


def is_free(address: str, port: int) -> bool:
    """Tell whether nobody listens there."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((address, port))
        except OSError:
            return False
    return True


def free_block(size: int) -> Sequence[int]:
    """Find ports in a row on 127.0.0.1, the same ones every time where that is possible."""
    for first in range(FIRST, LAST, STEP):
        block = range(first, first + size)
        if all(is_free(LOOPBACK, port) for port in block):
            return block
    raise NothingFreeError(f"no {size} free ports in a row from {FIRST} to {LAST}")


def free_addresses(ports: Sequence[int]) -> list[str]:
    """Find a loopback address for each of these ports."""
    for net in range(256):
        addresses = [f"127.77.{net}.{number}" for number in range(1, len(ports) + 1)]
        if all(is_free(*place) for place in zip(addresses, ports, strict=True)):
            return addresses
    raise NothingFreeError("no free loopback addresses in 127.77.0.0/16")
