"""`heal config check|schema|show`."""

import json
import signal
import subprocess
import sys

import pytest

from healing.cli import main
from healing.settings import json_schema


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HEALING_CONFIG", "DOCKER_HOST", "PREFECT_API_URL", "HEALING_REDIS_URL"):
        monkeypatch.delenv(variable, raising=False)


def test_a_good_file_is_ok_with_counts_notes_and_what_waits(write, capsys):
    path = write(
        "services: {api: {depends_on: [db]}}\nrollback:\n  enabled: true\n"
        "actions: {x: {type: redis, command: FLUSHDB}}\n"
    )
    assert main(["config", "check", str(path)]) == 0
    out, err = capsys.readouterr()
    ok, *rest = out.splitlines()
    assert ok.startswith("OK: c.yaml: 1 service, 0 procedures, 1 action, 0 circuit breakers")
    assert [line.split(": ", 1)[0] for line in rest] == [
        "note",
        "note",
        "set, but not yet acted upon",
        "set, but not yet acted upon",
    ]
    assert rest[-1] == "set, but not yet acted upon: c.yaml:2: rollback (waits for rollback)"
    assert err == ""


def test_a_bad_file_is_one_line_for_each_fault_and_exit_2(write, capsys):
    path = write("recvoery: {}\napi: {port: x}")
    assert main(["config", "check", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "c.yaml:1: recvoery: no such key; did you mean 'recovery'?",
        "c.yaml:2: api.port: must be a whole number, not 'x'",
    ]


@pytest.mark.parametrize("verb", [["check"], ["show"], ["show", "--resolved"]])
def test_a_file_that_is_not_there_is_exit_2(verb: list[str], capsys, tmp_path):
    assert main(["config", *verb, str(tmp_path / "none.yaml")]) == 2
    assert "cannot be read: No such file or directory" in capsys.readouterr().err


def test_without_a_file_healing_config_is_taken(write, capsys, monkeypatch):
    monkeypatch.setenv("HEALING_CONFIG", str(write("api: {port: 9000}")))
    assert main(["config", "show"]) == 0
    assert capsys.readouterr().out == "api:\n  port: 9000\n"


def test_without_any_file_the_defaults_are_ok(capsys):
    assert main(["config", "check"]) == 0
    assert capsys.readouterr().out.startswith("OK: no file: 0 services")


def test_show_masks_and_resolves(write, capsys):
    path = write("storage: {redis_url: 'redis://:hunter2@cache'}")
    assert main(["config", "show", "--resolved", str(path)]) == 0
    out = capsys.readouterr().out
    assert "  redis_url: redis://***@cache  # c.yaml:1" in out
    assert "hunter2" not in out
    assert "  port: 8200  # default" in out


def test_schema_prints_the_schema(capsys):
    assert main(["config", "schema"]) == 0
    assert json.loads(capsys.readouterr().out) == json_schema()


def test_a_pipe_that_is_closed_early_ends_it_quietly() -> None:
    argv = [sys.executable, "-m", "healing", "config", "schema"]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    process.stdout.close()

    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 128 + signal.SIGPIPE


def test_a_connection_that_is_closed_is_an_error_and_not_our_end() -> None:
    assert main(["config", "schema"]) == 0

    assert signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN
