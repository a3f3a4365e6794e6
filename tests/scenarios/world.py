"""Programs for the containers of scenarios, and questions that the engine answers for us."""

import time
from datetime import UTC, datetime
from typing import Any

from tests.real.docker import Container

WEB_SERVER = """
import http.server, os, signal, socketserver
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"ok")
    def log_message(self, *args): pass
socketserver.ThreadingTCPServer.allow_reuse_address = True
print("serving", flush=True)
http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
"""
"""Ends when it is asked to, as good servers do: the first process of a container must say so."""

MOODY_SERVER = WEB_SERVER.replace(
    "self.send_response(200)",
    """
        global is_broken
        is_broken = is_broken or self.path == "/break"
        self.send_response(500 if is_broken and self.path != "/health" else 200)""",
).replace("class Handler", "is_broken = False\nclass Handler")
"""Fails after `/break` until it is started anew, and says at `/health` that all is well."""


def address_of(container: Container) -> str:
    """Where it is in the network of the tests."""
    networks = container.client.inspect_container(container.id)["NetworkSettings"]["Networks"]
    (address,) = (network["IPAddress"] for network in networks.values())
    return address


def front_of(container: Container, *, connects_again_after: float = 0) -> str:
    """A web server that answers well only when `container` does."""
    question = f"urllib.request.urlopen('http://{address_of(container)}:8080/', timeout=1)"
    return "import time, urllib.request\nlost_at = -1e9\n" + WEB_SERVER.replace(
        "self.send_response(200)",
        f"""
        global lost_at
        try:
            if time.monotonic() - lost_at < {connects_again_after}: raise OSError
            {question}
            self.send_response(200)
        except OSError as error:
            if str(error): lost_at = time.monotonic()
            self.send_response(503)
        self.end_headers(); return
        self.send_response(200)""",
    )


def service(container: Container, **more: Any) -> dict[str, Any]:
    """A service that is one container, asked every second."""
    probe = {"http": "http://:8080/health", "every": "1s", "timeout": "1s"}
    return {"target": {"container": container.name}, "probes": [probe], **more}


def labelled(**more: str) -> dict[str, str]:
    """Labels of a container that is a service of its own, asked every second."""
    probe = {"probe": "http://:8080/health", "probe.interval": "1s", "probe.timeout": "1s"}
    said = {"enable": "true", **probe, **more}
    return {f"healing.{name}": value for name, value in said.items()}


def is_ended(incident: dict[str, Any]) -> bool:
    return incident["ending"] is not None


def is_waiting(incident: dict[str, Any]) -> bool:
    return incident["stage"] == "waiting"


def events_of(container: Container, *names: str) -> list[dict[str, Any]]:
    """What the engine itself remembers of a container."""
    events = container.client.events(
        since=int(time.time()) - 3600,
        until=int(time.time()) + 1,
        decode=True,
        filters={"container": container.id},
    )
    return [event for event in events if event["Action"] in names]


def runs_for(container: Container) -> float:
    """Seconds since its last start."""
    started = container.client.inspect_container(container.id)["State"]["StartedAt"]
    return (datetime.now(UTC) - datetime.fromisoformat(started)).total_seconds()


def starts_of(container: Container) -> int:
    return len(events_of(container, "start"))
