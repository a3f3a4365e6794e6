"""Variables of the environment win over the file."""

import pathlib

import pytest
from pydantic import SecretStr

from healing.errors import ConfigError
from healing.settings import load, reload
from healing.settings.environment import OVERRIDES

VALUES = {
    "HEALING_STATE": "/var/lib/healing",
    "HEALING_REDIS_URL": "redis://cache:6379/1",
    "HEALING_PROMETHEUS_URL": "https://metrics.example/prom",
    "DOCKER_HOST": "tcp://10.0.0.5:2376",
    "PREFECT_API_URL": "http://prefect:4200/api",
    "HEALING_MODEL_KEY": "a key of our own",
    "HEALING_API_PORT": "9200",
}


def at(settings: object, path: tuple[str | int, ...]) -> str:
    for step in path:
        settings = getattr(settings, str(step))
    return settings.get_secret_value() if isinstance(settings, SecretStr) else str(settings)


@pytest.mark.parametrize("override", OVERRIDES, ids=lambda override: override.variable)
def test_each_variable_sets_its_key_and_is_named_as_its_origin(write, override):
    text = "storage: {state_dir: /x, prometheus: {url: 'http://y', timeout: 3s}}\napi: {port: 1}"
    value = VALUES[override.variable]
    for path in (None, write(text)):
        settings = load(path, {override.variable: value})
        assert at(settings, override.path) == value
        assert settings.origin(override.path) == override.variable


def test_the_rest_of_a_section_stays_as_the_file_says(read):
    settings = read("storage: {prometheus: {timeout: 3s}}", HEALING_PROMETHEUS_URL="http://y")
    assert settings.storage.prometheus.timeout.total_seconds() == 3


def test_every_variable_has_a_value_in_these_tests():
    assert {override.variable for override in OVERRIDES} == set(VALUES)


def test_an_empty_variable_counts_as_not_set(read):
    assert read("api: {port: 9000}", HEALING_API_PORT="").api.port == 9000


def test_a_variable_wins_over_a_key_without_a_value(read):
    assert read("storage:\napi: {port: }", HEALING_API_PORT="9200").api.port == 9200


def test_a_fault_in_a_variable_names_the_variable(faults_of):
    assert faults_of("", HEALING_API_PORT="82000", HEALING_REDIS_URL="cache:6379") == (
        "HEALING_API_PORT: api.port: must be at most 65535, not '82000'",
        (
            "HEALING_REDIS_URL: storage.redis_url: must be an address that begins with redis:// or "
            "rediss:// or unix:// or valkey:// or valkeys://"
        ),
    )


def test_a_section_that_is_none_is_still_a_fault_beside_a_variable(faults_of):
    (fault,) = faults_of("storage: 5", HEALING_REDIS_URL="redis://x")
    assert fault == "c.yaml:1: storage: must be a mapping with keys of its own"


def test_healing_config_names_the_file(write):
    path = write("api: {port: 9000}")
    assert load(None, {"HEALING_CONFIG": str(path)}).api.port == 9000
    assert load(path, {"HEALING_CONFIG": "/nowhere.yaml"}).api.port == 9000
    with pytest.raises(ConfigError, match=r"^/nowhere.yaml:1: cannot be read: No such file"):
        load(None, {"HEALING_CONFIG": "/nowhere.yaml"})


def test_numbers_and_switches_may_come_from_variables(read):
    settings = read(
        "api: {port: '${PORT}'}\nrollback: {enabled: '${ON}', max_snapshots: '${N:-7}'}",
        PORT="9000",
        ON="no",
    )
    assert settings.api.port == 9000
    assert (settings.rollback.enabled, settings.rollback.max_snapshots) == (False, 7)


def test_a_token_of_digits_stays_as_it_is(read):
    settings = read(
        "api:\n  tokens:\n  - {name: a, token: 00123456789012345}\n  - {name: b, token: '${T}'}",
        T="0000000000000000",
    )
    secrets = [token.token.get_secret_value() for token in settings.api.tokens]
    assert secrets == ["00123456789012345", "0000000000000000"]


def test_the_state_lies_in_the_home_of_the_user(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    directory = load(None, {}).storage.state_dir
    assert directory == pathlib.Path("/home/somebody/.local/state/healing")


def test_a_good_reload_takes_effect(write):
    path = write("api: {port: 9000}")
    first = load(path, {})
    write("api: {port: 9001}")
    settings, faults = reload(first, path, {})
    assert (settings.api.port, faults) == (9001, ())


@pytest.mark.parametrize("text", ["api: {port: x}", "api: [", "nonsense: 1", "a: ${GONE}"])
def test_a_bad_reload_keeps_the_last_good_settings_and_says_why(write, text: str):
    path = write("api: {port: 9000}")
    first = load(path, {})
    write(text)
    settings, faults = reload(first, path, {})
    assert settings is first
    assert faults


def test_a_file_that_has_gone_keeps_the_last_good_settings(write):
    path = write("api: {port: 9000}")
    first = load(path, {})
    path.unlink()
    settings, faults = reload(first, path, {})
    assert settings is first
    assert faults == ("c.yaml:1: cannot be read: No such file or directory",)
