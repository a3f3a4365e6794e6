"""What an application's own `/metrics` shows of its breakers."""

import shutil
import subprocess
import sys

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from healing import breaker
from healing.breakers import BreakerOpen
from healing.exposition import expose_breakers
from tests.real import missing


def values(registry: CollectorRegistry, name: str) -> dict[str, float]:
    found = (
        registry.get_sample_value("circuit_breaker_state", {"name": name, "state": state})
        for state in ("closed", "open", "forced_open")
    )
    return dict(zip(("closed", "open", "forced_open"), found, strict=True))


def test_a_breaker_made_later_appears_by_itself_with_every_state() -> None:
    registry = CollectorRegistry()
    expose_breakers(registry)
    one = breaker("exposed-later").breaker
    assert values(registry, "exposed-later") == {"closed": 1, "open": 0, "forced_open": 0}
    one.force_open("a test", by="test")
    assert values(registry, "exposed-later") == {"closed": 0, "open": 0, "forced_open": 1}


def test_refused_calls_are_counted_and_counting_counts_for_nothing() -> None:
    registry = CollectorRegistry()
    expose_breakers(registry)
    guard = breaker("exposed-refusing")
    guard.breaker.force_open("a test", by="test")
    for _ in range(3):
        with pytest.raises(BreakerOpen):
            guard.breaker.acquire()

    def refused() -> float | None:
        labels = {"name": "exposed-refusing"}
        return registry.get_sample_value("circuit_breaker_refused_calls_total", labels)

    assert (refused(), refused()) == (3, 3)


def test_they_are_shown_once_in_a_registry() -> None:
    registry = CollectorRegistry()
    expose_breakers(registry)
    with pytest.raises(ValueError, match="circuit_breaker_state"):
        expose_breakers(registry)


def test_prometheus_can_read_them() -> None:
    registry = CollectorRegistry()
    expose_breakers(registry)
    breaker("exposed-text")
    text = generate_latest(registry).decode()
    assert "# TYPE circuit_breaker_state gauge" in text
    assert 'circuit_breaker_state{name="exposed-text",state="closed"} 1.0' in text


@pytest.mark.real("prometheus")
def test_promtool_has_nothing_to_say_about_them() -> None:
    promtool = shutil.which("promtool") or missing("no promtool on the path")
    registry = CollectorRegistry()
    expose_breakers(registry)
    breaker("exposed-to-promtool")
    said = subprocess.run(
        [promtool, "check", "metrics"],
        input=generate_latest(registry),
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert (said.returncode, said.stdout, said.stderr) == (0, b"", b"")


def test_who_does_not_ask_for_it_does_not_pay_for_it() -> None:
    code = "import sys, healing; healing.breaker; print('prometheus_client' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "False"
