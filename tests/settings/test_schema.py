"""The schema that editors use says what the model says."""

import json
from typing import Any

import jsonschema
import pytest
import yaml

from healing.errors import ConfigError
from healing.settings import json_schema
from tests.real import ROOT
from tests.settings.test_older_files import BOOKSHOP
from tests.settings.test_showing import SECRETS

SCHEMA = json_schema()
COMMITTED = ROOT / "config" / "self-healing-config.schema.json"


def is_valid(text: str) -> bool:
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(yaml.safe_load(text))


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_committed_schema_is_current():
    why = "run `heal config schema > config/self-healing-config.schema.json`"
    assert json.loads(COMMITTED.read_text()) == SCHEMA, why


def sections(schema: dict[str, Any]) -> list[dict[str, Any]]:
    forms = [schema, *schema["$defs"].values()]
    return [
        part for form in forms for part in (form, *form.get("anyOf", ())) if "properties" in part
    ]


def test_every_key_has_a_description():
    for section in sections(SCHEMA):
        for name, key in section["properties"].items():
            assert key.get("description"), name


def test_no_section_takes_keys_it_does_not_know():
    assert all(section["additionalProperties"] is False for section in sections(SCHEMA))


def test_defaults_stand_there_as_they_would_be_written():
    limits = SCHEMA["$defs"]["LimitsSettings"]["properties"]
    assert limits["cool_down"]["default"] == "1m"
    assert limits["budget"]["default"] == "3/1h"
    assert SCHEMA["$defs"]["Api"]["properties"]["port"]["default"] == 8200


GOOD = [
    BOOKSHOP.replace("Polling", "polling").replace("LFU", "lfu"),
    SECRETS,
    "api: {port: '${PORT:-8200}', host: localhost}",
    "services: {api: {target: shop/api, probes: 'tcp://:1', level: '${L:-auto}', depends_on: b}}",
    "services: {api: {probes: [{exec: a b, every: 5}, {tcp: 5432}], limits: {budget: 4}}}",
    "rollback: false\ndependencies: {cascade_protection: true, critical_services: {db: {}}}",
    "x-mine: {anything: [goes]}\nsafety: {protected: [a, 'b*']}",
    "circuit_breakers: {default: {fallback_response: [1, {a: b}]}}",
    "notifications: {channels: {a: 'https://x.example', b: {type: email}}}",
    "recovery: {procedures: {x: {triggers: query_timeout, actions: [restart_service]}}}",
    "predictive_monitoring: {metrics: {resource_usage: {cpu_threshold: 80%, disk_threshold: 90}}}",
    "",
]
BAD = [
    "recvoery: {}",
    "api: {prot: 1}",
    "api: {port: many}",
    "api: {port: 0}",
    "api: {port: [1]}",
    "services: [api]",
    "services: {api: {level: aut}}",
    "services: {api: {probes: [{htpt: x}]}}",
    "services: {api: {limits: {cool_down: soon}}}",
    "services: {api: {limits: {cool_down: -5}}}",
    "services: {api: {metrics: {m: {unit: bytes}}}}",
    "services: {api: {target: {box: a}}}",
    "actions: {x: {type: docker}}",
    "actions: {x: {type: shell, command: ls}}",
    "rollback: {enabled: perhaps}",
    "rollback: {max_snapshots: 0}",
    "graceful_degradation: {feature_flags: {x: {fallback: none-such}}}",
    "graceful_degradation: {cache_strategies: {x: {size: 1.5}}}",
    "predictive_monitoring: {anomaly_detection: {sensitivity: 80}}",
    "dependencies: {critical_services: [{name: a, port: 1}]}",
    "api: {tokens: [{name: a}]}",
    "storage: {prometheus: {timeout: {}}}",
]


@pytest.mark.parametrize("text", GOOD)
def test_what_the_model_takes_the_schema_takes(read, text: str):
    assert read(text)
    assert is_valid(text or "{}")


@pytest.mark.parametrize("text", BAD)
def test_what_the_schema_refuses_the_model_refuses(read, text: str):
    assert not is_valid(text)
    with pytest.raises(ConfigError):
        read(text)
