"""Ports, loopback addresses and other things that nobody uses, claimed before they are used."""

import hashlib
import socket
from collections.abc import Sequence

from healing.adapters.host_lock import HostLock

LOOPBACK = "127.0.0.1"
FIRST, LAST, STEP = 18080, 28080, 100

_claims: dict[str, HostLock] = {}


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


def claim(name: str) -> bool:
    """Take a name until this process ends; False while another process has it."""
    # The kernel takes no names longer than some hundred characters, and paths are longer.
    short = hashlib.sha256(name.encode()).hexdigest()[:32]
    return _claims.setdefault(name, HostLock(f"demo-{short}")).take()


def take(address: str, port: int) -> bool:
    """Take a port until this process ends; False when another demo has it, or anybody listens.

    Between looking for a port and listening there some seconds go by, in which a second demo
    would find it free as well.
    """
    return is_free(address, port) and claim(f"{address}:{port}")


def free_block(size: int) -> Sequence[int]:
    """Find ports in a row on 127.0.0.1, the same ones every time where that is possible."""
    for first in range(FIRST, LAST, STEP):
        block = range(first, first + size)
        if all(take(LOOPBACK, port) for port in block):
            return block
    raise NothingFreeError(f"no {size} free ports in a row from {FIRST} to {LAST}")


def free_addresses(ports: Sequence[int]) -> list[str]:
    """Find a loopback address for each of these ports."""
    for net in range(256):
        addresses = [f"127.77.{net}.{number}" for number in range(1, len(ports) + 1)]
        if all(take(*place) for place in zip(addresses, ports, strict=True)):
            return addresses
    raise NothingFreeError("no free loopback addresses in 127.77.0.0/16")
