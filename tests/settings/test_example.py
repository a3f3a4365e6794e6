"""The example in `config/` and the page in `docs/` are complete and current."""

import subprocess
import sys

import jsonschema
import pytest
import yaml

from healing.services import ByCompose, ByLabel, ByName
from healing.settings import Settings, json_schema, load
from healing.settings.actions import KNOWN_ACTIONS
from healing.settings.environment import FILE_VARIABLE, OVERRIDES
from healing.settings.keys import keys
from healing.settings.labels import KNOWN_LABELS
from healing.settings.procedures import KNOWN_TRIGGERS
from healing.settings.waiting import WAITS_FOR, waiting
from tests.real import ROOT
from tests.settings.reference import tables

EXAMPLE = ROOT / "config" / "self-healing-config.yaml"
PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
KEYS = [key.path for key in keys(Settings)]


@pytest.fixture(scope="module")
def example() -> Settings:
    return load(EXAMPLE, {})


def test_the_example_loads_without_a_fault_or_a_note(example: Settings):
    assert example.notes == ()


def test_the_example_is_valid_by_its_own_schema():
    jsonschema.validate(yaml.safe_load(EXAMPLE.read_text()), json_schema())


@pytest.mark.parametrize("key", KEYS)
def test_the_example_has_every_key(key: str):
    name = key.rsplit(".", maxsplit=1)[-1]
    text = EXAMPLE.read_text()
    assert f"{name}:" in text or f"{name} " in text


def test_the_example_shows_each_way_to_find_a_service(example: Settings):
    targets = {type(service.target) for service in example.stack().services.values()}
    assert targets == {ByCompose, ByName, ByLabel}


@pytest.mark.parametrize("section", ["safety", "api", "storage", "rollback"])
def test_what_the_example_does_not_name_is_the_default(example: Settings, section: str):
    assert getattr(example, section) == getattr(Settings(), section)


def test_the_numbers_of_the_example_are_the_defaults(example: Settings):
    fresh = Settings()
    assert example.recovery.model_copy(update={"procedures": {}}) == fresh.recovery
    prediction = example.predictive_monitoring.model_copy(update={"alerts": {}})
    assert prediction == fresh.predictive_monitoring
    assert example.circuit_breakers.default == fresh.circuit_breakers.default


def test_every_key_that_waits_is_a_key():
    assert set(WAITS_FOR) <= set(KEYS)


def test_only_keys_that_were_written_are_said_to_wait(read):
    written = read("recovery: {recovery_timeout: 5m}\nrollback: off\nactions: {}").written()
    assert waiting(written) == {("actions",): "recovery procedures", ("rollback",): "rollback"}


def test_a_key_of_one_alert_waits_under_its_name(read):
    written = read("predictive_monitoring: {alerts: {disk.full: {channels: [email]}}}").written()
    path = ("predictive_monitoring", "alerts", "disk.full", "channels")
    assert waiting(written) == {path: "notifications"}


@pytest.mark.parametrize("section", tables())
def test_the_page_has_the_table_of_each_section(section: str):
    assert f"### {section}\n\n{tables()[section]}" in PAGE


@pytest.mark.parametrize(
    "word",
    [
        *KNOWN_TRIGGERS,
        *KNOWN_ACTIONS,
        FILE_VARIABLE,
        *(f"`{o.variable}` | `{'.'.join(map(str, o.path))}`: {o.meaning}" for o in OVERRIDES),
        *sorted({label.split(".")[-1] for label in KNOWN_LABELS}),
    ],
)
def test_the_page_names_every_word_there_is(word: str):
    assert word in PAGE


def test_reading_settings_needs_nothing_heavy():
    heavy = ("pandas", "numpy", "sklearn", "prefect", "docker", "redis", "fastapi", "requests")
    program = (
        "import sys, healing.settings, healing.cli.config;"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
