"""Demos that start at the same time take nothing from each other."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deployments.demo.ports import NothingFreeError, claim, free_addresses, free_block
from deployments.demo.world import World, WorldError
from tests.real import ROOT


@contextmanager
def another(what: str) -> Iterator[str]:
    """Let another process evaluate something of the module and wait; gives what came of it."""
    code = f"from deployments.demo.ports import *; print({what}, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def test_a_block_of_ports_avoids_what_is_taken() -> None:
    first = free_block(3)
    with socket.create_server(("127.0.0.1", first[1])):
        assert first[1] not in free_block(3)


def test_ports_that_another_demo_is_about_to_use_are_left_to_it() -> None:
    with another("*free_block(3)") as said:
        theirs = {int(port) for port in said.split()}

        assert len(theirs) == 3
        assert not theirs & set(free_block(3))


def test_addresses_that_another_demo_is_about_to_use_are_left_to_it() -> None:
    with another("*free_addresses([8080, 6379])") as said:
        theirs = set(said.split())

        assert len(theirs) == 2
        assert not theirs & set(free_addresses([8080, 6379]))


def test_what_a_process_claims_is_its_own_until_it_ends() -> None:
    name = f"mine, {os.getpid()}"
    with another(f"claim({name!r})") as said:
        assert said == "True"
        assert not claim(name)

    assert claim(name)
    assert claim(name)
    with another(f"claim({name!r})") as said:
        assert said == "False"


def test_a_second_demo_in_the_same_place_does_not_begin(tmp_path: Path) -> None:
    with (
        another(f"claim({str(tmp_path)!r})"),
        pytest.raises(WorldError, match="another demo runs in"),
    ):
        World(tmp_path, say=lambda _: None).up()


def test_addresses_are_free_on_their_ports() -> None:
    first = free_addresses([8080, 6379])
    assert len(set(first)) == 2
    with socket.create_server((first[1], 6379)):
        assert first[1] not in free_addresses([8080, 6379])


def test_a_machine_without_any_free_port_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployments.demo.ports.is_free", lambda *_: False)

    with pytest.raises(NothingFreeError):
        free_block(1)
    with pytest.raises(NothingFreeError):
        free_addresses([80])
