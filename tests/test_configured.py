"""Applications whose environment names a configuration file; each a fresh interpreter."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from healing.breakers import Rules
from healing.settings.sections.circuit_breakers import BreakerSettings, CircuitBreakers

FILE = """
circuit_breakers:
  default:
    failure_threshold: 4
  services:
    payments:
      timeout: 90s
      success_threshold: 3
      fallback_response: '{"queued": true}'
"""
PRINT_RULES = """
from {package} import breaker
rules = breaker({name!r}, **{changes!r}).breaker.rules
print(rules.in_a_row, rules.open_for, rules.successes_to_close, rules.fail_rate)
"""


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "healing.yaml"
    path.write_text(FILE)
    return path


def run(program: str, file: Path | None) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if key != "HEALING_CONFIG"}
    if file is not None:
        env["HEALING_CONFIG"] = str(file)
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=env,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "changes", "rules"),
    [
        ("payments", {}, "4 90.0 3 None"),
        ("payments", {"open_for": "5s"}, "4 5.0 3 None"),
        ("unknown", {}, "None 30.0 2 0.5"),
    ],
    ids=["as-the-file-says", "the-code-says-more", "a-name-the-file-does-not-know"],
)
@pytest.mark.parametrize("package", ["healing", "healing.breakers"])
def test_rules_come_from_the_file_for_names_it_knows(file, name, changes, rules, package):
    done = run(PRINT_RULES.format(name=name, changes=changes, package=package), file)
    assert done.stdout.strip() == rules, done.stderr


def test_the_fallback_response_of_the_file_is_answered(file):
    program = """
from healing import breaker

@breaker("payments")
def charge():
    raise OSError

print(charge())
"""
    done = run(program, file)
    assert done.stdout.strip() == "{'queued': True}", done.stderr


def test_the_last_good_answer_is_given_from_memory_where_the_file_says_so(file):
    file.write_text(FILE.replace("timeout: 90s", "timeout: 90s\n      fallback_to_memory: yes"))
    program = """
from healing import breaker

@breaker("payments")
def charge(who, ok):
    if not ok.pop():
        raise OSError
    return f"charged {who}"

class Ok(list):
    __hash__ = object.__hash__

ok = Ok([False, True])
print(charge("ada", ok), charge("ada", ok), charge("bob", Ok([False])))
"""
    done = run(program, file)
    assert done.stdout.strip() == "charged ada charged ada {'queued': True}", done.stderr


def test_a_broken_file_is_told_with_its_line(file):
    file.write_text(FILE.replace("90s", "ninety"))
    done = run(PRINT_RULES.format(name="payments", changes={}, package="healing"), file)
    assert done.returncode != 0
    assert f"ConfigError: {file}:7" in done.stderr


def test_a_file_that_is_not_there_is_told(tmp_path):
    missing = tmp_path / "missing.yaml"
    done = run(PRINT_RULES.format(name="payments", changes={}, package="healing"), missing)
    assert f"{missing}:1: cannot be read" in done.stderr


def test_the_file_is_read_when_the_first_breaker_is_made_and_not_before(file):
    program = """
import sys
from healing import breaker
print("pydantic" in sys.modules, "yaml" in sys.modules)
breaker("payments")
print("pydantic" in sys.modules, *{"numpy", "pandas", "prefect", "sklearn"} & set(sys.modules))
"""
    done = run(program, file)
    assert done.stdout.split("\n")[:2] == ["False False", "True"], done.stderr


def test_settings_become_rules():
    settings = BreakerSettings.model_validate(
        {
            "failure_threshold": 7,
            "success_threshold": 4,
            "timeout": "20m",
            "half_open_requests": 2,
            "fallback_response": "[]",
        }
    )
    made = settings.defaults()
    assert made.rules == Rules(
        fail_rate=None,
        in_a_row=7,
        open_for=1200,
        open_at_most=1200,
        trials=4,
        trials_at_once=2,
        successes_to_close=4,
    )
    assert made.fallback_response == []


def test_what_a_service_does_not_say_is_taken_from_the_default():
    section = CircuitBreakers.model_validate(
        {"default": {"timeout": "9s"}, "services": {"a": {"failure_threshold": 1}}}
    )
    made = section.lookup("a")
    assert made is not None
    assert (made.rules.in_a_row, made.rules.open_for) == (1, 9)
    assert section.lookup("b") is None
