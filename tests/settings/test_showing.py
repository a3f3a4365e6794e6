"""Settings are shown as YAML, with their origins and without their secrets."""

import pytest
import yaml

from healing.settings import show
from healing.settings.secrets import masked

SECRETS = """
storage:
  redis_url: redis://:hunter2@cache:6379
  prometheus:
    url: https://reader:hunter2@metrics.example
    headers: {Authorization: Bearer hunter2, X-Scope: hunter2}
notifications:
  channels:
    chat: {type: slack, url: 'https://hooks.example/hunter2'}
    mail: smtp://ops:hunter2@mail.example
api:
  tokens:
    - {name: alice, role: admin, token: hunter2-hunter2-hunter2}
services:
  cache:
    probes:
      - exec: [redis-cli, -a, hunter2, ping]
      - exec: redis-cli --pass hunter2 ping
      - http://me:hunter2@:8080/health
      - exec: [check, --token=hunter2]
actions:
  clear: {type: redis, command: redis-cli -a hunter2 FLUSHDB}
"""


@pytest.mark.parametrize("resolved", [False, True], ids=["as written", "resolved"])
def test_no_secret_is_shown(read, resolved: bool):
    text = show(read(SECRETS), resolved=resolved)
    assert "hunter2" not in text
    assert text.count("***") >= 11
    assert "redis://***@cache:6379" in text


def test_no_secret_is_in_a_representation(read):
    assert "hunter2" not in repr(read(SECRETS).storage)
    assert "hunter2" not in repr(read(SECRETS).api)
    assert "hunter2" not in repr(read(SECRETS).notifications)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("redis://user:pass@h:1/0", "redis://***@h:1/0"),
        ("redis://:pass@h", "redis://***@h"),
        ("https://token@h/x", "https://***@h/x"),
        ("https://h/x?token=abc&y=1", "https://h/x?token=***&y=1"),
        ("PGPASSWORD=abc psql", "PGPASSWORD=*** psql"),
        ("x --password 'a b' y", "x --password *** y"),
        ("http://h:80/a@b", "http://h:80/a@b"),
        ("ls -a", "ls -a"),
        ("api.tokens[0].token: must be text", "api.tokens[0].token: must be text"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, shown: str):
    assert masked(text) == shown


def test_as_written_only_what_was_written_is_shown(read):
    assert show(read("api: {port: 9000}"), resolved=False) == "api:\n  port: 9000\n"


def test_the_environment_counts_as_written(read):
    text = show(read("", HEALING_API_PORT="9000"), resolved=False)
    assert text == "api:\n  port: 9000\n"


def test_nothing_written_is_nothing_shown(read):
    assert show(read(""), resolved=False) == ""


def test_resolved_says_where_every_value_comes_from(read):
    settings = read(
        "safety:\n  level: approve\n  limits: {budget: 1/1h}\n"
        "circuit_breakers:\n  default: {timeout: 9s}\n  services: {db: {failure_threshold: 2}}\n"
        "services:\n  api:\n    target: shop/api\n    limits: {settle: 5s}\n"
        "graceful_degradation: {feature_flags: {reviews: false}}\n",
        HEALING_API_PORT="9000",
    )
    lines = [line.strip() for line in show(settings, resolved=True).splitlines()]
    for line in (
        "level: approve  # c.yaml:2",
        "level: approve  # c.yaml:2 (safety.level)",
        "budget: 1/1h  # c.yaml:3 (safety.limits.budget)",
        "settle: 5s  # c.yaml:10",
        "timeout: 9s  # c.yaml:5 (circuit_breakers.default.timeout)",
        "failure_threshold: 2  # c.yaml:6",
        "project: shop  # c.yaml:9",
        "enabled: false  # c.yaml:11",
        "port: 9000  # HEALING_API_PORT",
        "host: 127.0.0.1  # default",
        "redis_url: null  # default",
    ):
        assert line in lines


def test_what_is_shown_can_be_read_again_and_means_the_same(read):
    text = (
        "services: {api: {target: shop/api, probes: ['http://:80/', {tcp: 5}, {exec: [a, b c]}], "
        "metrics: {m: {query: 'up{a=\"b\"}', unit: bytes, capacity: 512MiB}}, "
        'limits: {budget: 2/1h}, hold: "yes: really # so"}}\n'
        "circuit_breakers: {default: {fallback_response: {a: [1]}}, services: {db: {timeout: 1}}}\n"
        "predictive_monitoring: {metrics: {resource_usage: {cpu_threshold: 33.3}}}\n"
        "recovery: {procedures: {x: {triggers: [query_timeout], actions: [clear_cache]}}}\n"
        "actions: {clear_cache: {type: redis, command: 'UNLINK a:*'}}\n"
    )
    first = read(text)
    assert "capacity: 512MiB" in show(first, resolved=False)
    for resolved in (False, True):
        again = read(show(first, resolved=resolved))
        assert again.stack() == first.stack()
        assert again.procedures() == first.procedures()
        assert again.circuit_breakers.named("db") == first.circuit_breakers.named("db")
        assert again.predictive_monitoring == first.predictive_monitoring


def test_what_is_shown_is_yaml_whatever_stands_in_it(read):
    hostile = "a: b # c\n- d\t'\"${X}"
    settings = read("services: {api: {hold: '${HOLD}'}}", HOLD=hostile)
    for resolved in (False, True):
        shown = yaml.safe_load(show(settings, resolved=resolved))
        assert shown["services"]["api"]["hold"] == hostile.strip()
