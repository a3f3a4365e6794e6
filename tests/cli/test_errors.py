"""Errors that a user meets: what is wrong, what to do, and an exit code that is not zero."""

import http.server
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from healing.adapters.processes import ProcessHost
from tests.real import ROOT, free_port
from tests.real.redis import Server

SERVICES = "services: {api: {metrics: {cpu: 'up'}}}\n"


def heal(
    *argv: str, state: Path, config: str = "", timeout: float = 60, **env: str
) -> subprocess.CompletedProcess[str]:
    state.mkdir(parents=True, exist_ok=True)
    file = state / "config.yaml"
    file.write_text(config)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("HEALING_", "PREFECT_"))}
    clean.pop("DOCKER_HOST", None)
    return subprocess.run(
        [sys.executable, "-m", "healing", *argv],
        env={
            **clean,
            "HEALING_STATE": str(state),
            "HEALING_CONFIG": str(file),
            "HEALING_API_PORT": str(free_port()),
            "PYTHONPATH": str(ROOT),
            **env,
        },
        cwd=state,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[str]:
    """An engine that every machine has."""
    home = tmp_path / "processes"
    home.mkdir()
    host = ProcessHost(home)
    host.up(())
    yield f"processes://{home}"
    host.down()


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        yield somebody.getsockname()[1]


def test_no_docker_socket(tmp_path: Path) -> None:
    done = heal("agent", state=tmp_path, DOCKER_HOST="unix:///nowhere/docker.sock")

    assert done.returncode == 3
    assert "there is no Docker engine at unix:///nowhere/docker.sock" in done.stderr
    assert "-> install Docker and start it" in done.stderr


def test_the_port_of_the_api_is_taken(tmp_path: Path, supervisor: str, taken: int) -> None:
    done = heal("agent", state=tmp_path, DOCKER_HOST=supervisor, HEALING_API_PORT=str(taken))

    assert done.returncode == 3
    assert f"port {taken} on 127.0.0.1 cannot be used" in done.stderr
    assert "HEALING_API_PORT" in done.stderr


def test_the_port_of_prefect_is_taken(tmp_path: Path, taken: int) -> None:
    done = heal("up", "--prefect-port", str(taken), state=tmp_path)

    assert done.returncode == 3
    assert f"port {taken}, for Prefect, cannot be used" in done.stderr
    assert "--prefect-port" in done.stderr


@pytest.mark.parametrize("port", ["0", "65536", "-1", "x"])
def test_what_is_no_port_is_refused(tmp_path: Path, port: str) -> None:
    done = heal("up", f"--redis-port={port}", state=tmp_path)

    assert done.returncode == 2
    assert f"--redis-port: a port is a number from 1 to 65535, not '{port}'" in done.stderr


def test_what_answers_is_no_prometheus(tmp_path: Path, supervisor: str) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        done = heal(
            "agent",
            state=tmp_path,
            config=SERVICES,
            DOCKER_HOST=supervisor,
            HEALING_PROMETHEUS_URL=url,
        )
    finally:
        server.shutdown()
        server.server_close()

    assert done.returncode == 3
    assert f"{url} does not answer like a Prometheus" in done.stderr
    assert "storage.prometheus.url" in done.stderr


def test_the_configuration_is_wrong(tmp_path: Path) -> None:
    for command in ("agent", "up", "status"):
        done = heal(command, state=tmp_path, config="api:\n  prot: 8200\n")

        assert done.returncode == 2
        assert "config.yaml:2: api.prot: no such key; did you mean 'port'?" in done.stderr


def test_the_api_would_be_open_to_everybody(tmp_path: Path, supervisor: str) -> None:
    done = heal("agent", state=tmp_path, config="api: {host: 0.0.0.0}", DOCKER_HOST=supervisor)

    assert done.returncode in {2, 3}
    assert "token" in done.stderr


def test_the_disk_of_the_state_directory_is_full(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a small disk to fill")
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(small)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no right to mount here")
    try:
        done = heal("up", "--state", str(small), state=tmp_path / "state")
    finally:
        subprocess.run(["umount", str(small)], check=True)

    assert done.returncode == 3
    assert "MiB free in" in done.stderr
    assert "free some space" in done.stderr


def test_the_state_directory_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = heal("up", "--state", str(tmp_path / "file" / "state"), state=tmp_path / "s")

    assert done.returncode == 3
    assert "cannot be made" in done.stderr


def test_nobody_answers(tmp_path: Path) -> None:
    done = heal("status", state=tmp_path)

    assert done.returncode == 1
    assert "no agent answers" in done.stderr
    assert "heal up" in done.stderr


class Stranger(http.server.BaseHTTPRequestHandler):
    """Something else on our port, as HashiCorp Vault is by default."""

    def do_GET(self) -> None:
        status, kind, body = {
            "/status": (404, "application/json", b'{"errors":[]}'),
            "/circuit-breakers": (200, "text/html", b"<html>"),
        }[self.path]
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("command", ["status", "breakers"])
def test_what_answers_is_no_agent(tmp_path: Path, command: str) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        done = heal(command, state=tmp_path, HEALING_API_PORT=str(port))
        server.shutdown()
    assert done.returncode == 1
    assert f"127.0.0.1:{port} is no agent" in done.stderr


@pytest.mark.parametrize(
    ("without", "args"),
    [
        pytest.param("prefect", ["up"], id="up"),
        pytest.param("uvicorn", ["agent"], id="agent"),
        pytest.param("numpy", ["score", "x.npz", "-o", "y.npz"], id="score"),
        pytest.param("docker", ["doctor"], id="doctor"),
    ],
)
def test_the_light_kit_says_how_to_have_the_rest(
    tmp_path: Path, without: str, args: list[str]
) -> None:
    program = f"""
import sys
sys.modules[{without!r}] = None
from healing.cli import main
sys.exit(main({args!r}))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "HEALING_STATE": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    assert 'pip install "healing[pipelines]"' in done.stderr
    assert "Traceback" not in done.stderr


def test_a_terminal_that_has_not_all_signs_is_told_all_the_same(tmp_path: Path) -> None:
    done = heal("doctor", state=tmp_path, PYTHONIOENCODING="ascii")
    assert "? state" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_word_that_is_none(tmp_path: Path) -> None:
    done = heal("stauts", state=tmp_path)

    assert done.returncode == 2
    assert "status" in done.stderr


def test_the_doctor_names_each_thing_that_is_wrong_and_how_to_mend_it(tmp_path: Path) -> None:
    done = heal(
        "doctor",
        state=tmp_path,
        config=SERVICES,
        DOCKER_HOST="unix:///nowhere/docker.sock",
        HEALING_PROMETHEUS_URL="http://127.0.0.1:1",
        HEALING_REDIS_URL="redis://:secret@127.0.0.1:1/0",
    )

    assert done.returncode == 1
    assert "✗ containers" in done.stdout
    assert "✗ metrics" in done.stdout
    assert "✗ shared state" in done.stdout
    assert "secret" not in done.stdout


@pytest.mark.real("redis")
def test_the_doctor_asks_the_shared_state_and_not_only_whether_something_listens(
    redis_server: Server, taken: int, tmp_path: Path
) -> None:
    well = heal("doctor", state=tmp_path, HEALING_REDIS_URL=redis_server.url)
    assert f"✓ shared state  {redis_server.url} answers, 0 circuit breakers" in well.stdout
    deaf = heal("doctor", state=tmp_path, HEALING_REDIS_URL=f"redis://127.0.0.1:{taken}/0")
    assert f"✗ shared state  redis://127.0.0.1:{taken}/0: the shared state did not" in deaf.stdout
