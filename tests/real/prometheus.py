"""A real Prometheus, with history backfilled from OpenMetrics text, and what it scrapes."""

import http.server
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import requests
from numpy.typing import ArrayLike, NDArray

from tests.real import free_port, missing, wait_until

READY_WITHIN = 30.0

CONFIG = """
global:
  scrape_interval: 1s
  scrape_timeout: 1s
scrape_configs:
  - job_name: test
    static_configs:
      - targets: [{targets}]
"""


def openmetrics(series: Mapping[str, tuple[ArrayLike, ArrayLike]]) -> str:
    """Write series, named as in PromQL, as OpenMetrics text. Their times are in seconds."""
    lines = list[str]()
    for name, (times, values) in series.items():
        pairs: NDArray[np.float64] = np.column_stack([times, values]).astype(float)
        lines.append(f"# TYPE {name.partition('{')[0].removesuffix('_total')} unknown")
        lines.extend(f"{name} {value!r} {time:.3f}" for time, value in pairs.tolist())
    return "\n".join([*lines, "# EOF", ""])


class Prometheus:
    """A server of its own, and what operators do to it."""

    def __init__(self, directory: Path, port: int, targets: tuple[str, ...]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._directory = directory
        self._port = port
        (directory / "prometheus.yml").write_text(CONFIG.format(targets=", ".join(targets)))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={self._directory / 'prometheus.yml'}",
                    f"--storage.tsdb.path={self._directory / 'data'}",
                    "--storage.tsdb.retention.time=100y",
                    f"--web.listen-address=127.0.0.1:{self._port}",
                ],
                stdout=log,
                stderr=log,
            )
        wait_until(self._is_ready, within=READY_WITHIN)

    def stop(self) -> None:
        if self._process is not None:
            self.resume()
            self._process.terminate()
            self._process.wait(timeout=READY_WITHIN)
            self._process = None

    def pause(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/-/ready", timeout=1).ok
        except requests.RequestException:
            return False


class Exporter:
    """Something to scrape: its page is what the test says it is."""

    def __init__(self) -> None:
        self.page = ""
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = owner.page.encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


MakePrometheus = Callable[..., Prometheus]


@pytest.fixture(scope="session")
def make_prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakePrometheus]:
    """Start servers: `make_prometheus(text, targets=())` begins with the history in `text`."""
    for program in ("prometheus", "promtool"):
        if shutil.which(program) is None:
            missing(f"no {program} on the path (package prometheus)")
    made = list[Prometheus]()

    def make(history: str | Path = "", *, targets: tuple[str, ...] = ()) -> Prometheus:
        directory = tmp_path_factory.mktemp("prometheus")
        if history:
            text = history if isinstance(history, Path) else directory / "history.om"
            if isinstance(history, str):
                text.write_text(history)
            subprocess.run(
                ["promtool", "tsdb", "create-blocks-from", "openmetrics", text, "data"],
                cwd=directory,
                check=True,
                capture_output=True,
                timeout=120,
            )
        server = Prometheus(directory, free_port(), targets)
        made.append(server)
        server.start()
        return server

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def exporter() -> Iterator[Exporter]:
    """A page for Prometheus to scrape."""
    exporter = Exporter()
    yield exporter
    exporter.close()
