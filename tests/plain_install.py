"""Start `heal up` of a plain install, see that it is really there, stop it, look for leftovers."""

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

READY_WITHIN = 180


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def get(port: int, path: str) -> tuple[int, object]:
    """Ask for a page of JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with contextlib.closing(connection):
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def supervise(work: Path, wish: str) -> None:
    """Start or end a supervisor of processes: an engine that every machine has."""
    program = (
        "import sys; from pathlib import Path; from healing.adapters.processes import ProcessHost; "
        f"ProcessHost(Path(sys.argv[1])).{wish}"
    )
    home = work / "processes"
    home.mkdir(exist_ok=True)
    python = str(work / "venv/bin/python")
    subprocess.run([python, "-c", program, str(home)], check=True, timeout=60)


def main(work: Path) -> int:
    """Run it. Returns 0 when all of it came up and all of it went away."""
    prefect, redis, api = free_port(), free_port(), free_port()
    config = work / "config.yaml"
    engine = f"processes://{work / 'processes'}"
    supervise(work, "up(())")
    config.write_text(f"storage: {{docker: {{url: '{engine}'}}}}\napi: {{port: {api}}}\n")
    heal = [str(work / "venv/bin/heal"), "up", "--config", str(config)]
    heal += ["--state", str(work / "state"), "--prefect-port", str(prefect)]
    heal += ["--redis-port", str(redis)]
    log = work / "heal-up.log"
    with log.open("wb") as output:
        running = subprocess.Popen(heal, stdout=output, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + READY_WITHIN
        while True:
            assert running.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            with contextlib.suppress(OSError, ValueError):
                status, ready = get(api, "/ready")
                if status == 200 and all(d["ok"] for d in ready["dependencies"]):
                    break
            time.sleep(0.2)
        print(log.read_text())
        status = subprocess.run(
            [heal[0], "status", "--config", str(config)],
            capture_output=True,
            text=True,
            check=False,
        )
        print(status.stdout, status.stderr)
        assert "No services yet" in status.stdout, status.stdout
    finally:
        running.send_signal(signal.SIGINT)
        code = running.wait(60)
        supervise(work, "down()")
    assert code == 0, f"heal up ended with {code}:\n{log.read_text()}"
    left = subprocess.run(["pgrep", "-af", str(work)], capture_output=True, text=True, check=False)
    others = [line for line in left.stdout.splitlines() if "plain_install" not in line]
    assert not others, f"left behind:\n{others}"
    print("a plain install comes up, answers, and leaves nothing behind")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
