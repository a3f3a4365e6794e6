"""A small HTTP server with health and Prometheus metrics, for the programs of the demo's shop.

Only the standard library: these programs run in an image made of the interpreter alone.
"""

import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
CLASSES = ("2xx", "4xx", "5xx")
PAGE = resource.getpagesize()
STARTED_AT = time.time()

Question = dict[str, str]
Answer = tuple[int, str]
Route = Callable[[Question], Answer]
Health = Callable[[], str]


class Duration:
    """A histogram of how long something took, as Prometheus reads it."""

    def __init__(self, name: str, about: str) -> None:
        self.name = name
        self.about = about
        self._counts = [0] * (len(BUCKETS) + 1)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        """Count one."""
        at = next((i for i, bound in enumerate(BUCKETS) if seconds <= bound), len(BUCKETS))
        self._counts[at] += 1
        self._sum += seconds

    def lines(self) -> list[str]:
        """Print it."""
        lines = [f"# HELP {self.name} {self.about}", f"# TYPE {self.name} histogram"]
        so_far = 0
        for bound, count in zip((*BUCKETS, "+Inf"), self._counts, strict=True):
            so_far += count
            lines.append(f'{self.name}_bucket{{le="{bound}"}} {so_far}')
        return [*lines, f"{self.name}_sum {self._sum:.6f}", f"{self.name}_count {so_far}"]


class Metrics:
    """What one program counts. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: dict[str, tuple[str, dict[str, float]]] = {}
        self._read: dict[str, tuple[str, str, Callable[[], float]]] = {}
        self._durations: dict[str, Duration] = {}

    def counter(self, name: str, about: str, label: str = "", values: tuple[str, ...] = ()) -> None:
        """Have a counter; with a label, every one of its values exists from the start."""
        keys = [f'{{{label}="{value}"}}' for value in values] if label else [""]
        self._counters[name] = about, dict.fromkeys(keys, 0.0)

    def read(
        self, name: str, about: str, read: Callable[[], float], *, kind: str = "gauge"
    ) -> None:
        """Have a figure that is read when it is asked for."""
        self._read[name] = about, kind, read

    def duration(self, name: str, about: str) -> None:
        """Have a histogram of durations."""
        self._durations[name] = Duration(name, about)

    def count(self, name: str, label: str = "", value: str = "", *, by: float = 1) -> None:
        """Count up."""
        with self._lock:
            self._counters[name][1][f'{{{label}="{value}"}}' if label else ""] += by

    def observe(self, name: str, seconds: float) -> None:
        """Take one duration in."""
        with self._lock:
            self._durations[name].observe(seconds)

    def text(self) -> str:
        """Print everything as Prometheus reads it."""
        lines: list[str] = []
        for name, (about, kind, read) in self._read.items():
            lines += [f"# HELP {name} {about}", f"# TYPE {name} {kind}", f"{name} {read():.12g}"]
        with self._lock:
            for name, (about, values) in self._counters.items():
                lines += [f"# HELP {name} {about}", f"# TYPE {name} counter"]
                lines += [f"{name}{labels} {value:.12g}" for labels, value in values.items()]
            for duration in self._durations.values():
                lines += duration.lines()
        return "\n".join([*lines, ""])


class Service:
    """One program: its routes, its health, its metrics.

    Args:
        health: Says what is wrong; an empty text when nothing is.
        routes: What is answered, by method and path; `GET *` is every other path.
    """

    def __init__(self, health: Health, routes: dict[str, Route]) -> None:
        self._health = health
        self._routes = routes
        self._in_flight = 0
        self._counting = threading.Lock()
        self.metrics = metrics = Metrics()
        metrics.counter("http_requests_total", "Requests answered.", "status", CLASSES)
        metrics.duration("http_request_duration_seconds", "Time to answer a request.")
        metrics.read("http_requests_in_flight", "Requests at work.", lambda: self._in_flight)
        metrics.read("process_resident_memory_bytes", "Memory in use.", resident_memory)
        metrics.read("process_start_time_seconds", "Start, Unix time.", lambda: STARTED_AT)
        metrics.read("process_open_fds", "Open files.", open_files)
        metrics.read(
            "process_cpu_seconds_total", "CPU time used.", time.process_time, kind="counter"
        )
        if limit := memory_limit():
            metrics.read("process_memory_limit_bytes", "Memory allowed.", lambda: limit)

    def answer(self, method: str, target: str) -> Answer:
        """Answer one request. Health and metrics are not counted."""
        parts = urlsplit(target)
        question = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        if parts.path == "/health":
            trouble = self._health()
            return (503, f"{trouble}\n") if trouble else (200, "ok\n")
        if parts.path == "/metrics":
            return 200, self.metrics.text()
        route = self._routes.get(f"{method} {parts.path}") or self._routes.get(f"{method} *")
        if route is None:
            return 404, "there is nothing here\n"
        began = time.perf_counter()
        self._at_work(1)
        try:
            status, text = route(question)
        except Exception as error:  # noqa: BLE001 - a request must not end the program
            print(f"{method} {target} failed: {error!r}", file=sys.stderr, flush=True)
            status, text = 500, "something went wrong\n"
        finally:
            self._at_work(-1)
        self.metrics.count("http_requests_total", "status", f"{status // 100}xx")
        self.metrics.observe("http_request_duration_seconds", time.perf_counter() - began)
        return status, text

    def _at_work(self, more: int) -> None:
        with self._counting:
            self._in_flight += more

    def run(self) -> None:
        """Serve on `ADDRESS` and `PORT` until TERM or INT comes."""
        service = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                self._reply()

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self._reply()

            def _reply(self) -> None:
                status, text = service.answer(self.command, self.path)
                body = text.encode()
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True  # who asked is gone

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
                """Say nothing: metrics count requests."""

        class Server(ThreadingHTTPServer):
            request_queue_size = 128
            daemon_threads = True

        # As process 1 of a container, a program without a handler would never hear TERM. It ends at
        # once: an interpreter that is taken down around busy threads can crash.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: os._exit(0))
        address = os.environ.get("ADDRESS", ""), int(os.environ.get("PORT", "8080"))
        with Server(address, Handler) as server:
            print(f"listening on port {address[1]}", flush=True)
            server.serve_forever(poll_interval=0.1)


def resident_memory() -> float:
    """Read how many bytes of memory this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def open_files() -> float:
    """Count the files this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def memory_limit() -> int:
    """Read how many bytes it may have; 0 when nobody said."""
    return int(os.environ.get("MEMORY_LIMIT", "0"))


def every(seconds: float, work: Callable[[], object]) -> None:
    """Do something again and again, in a thread of its own."""

    def run() -> None:
        while True:
            work()
            time.sleep(seconds)

    threading.Thread(target=run, daemon=True).start()
