# ruff: noqa: E501 -- messages stand here whole, as an operator would search for them
import pathlib
from collections.abc import Callable

import pytest

from healing.errors import ConfigError
from healing.settings import Settings, load

FaultsOf = Callable[..., tuple[str, ...]]

FAULTS = [
    pytest.param(
        "recvoery: {}",
        "c.yaml:1: recvoery: no such key; did you mean 'recovery'?",
        id="unknown section",
    ),
    pytest.param(
        "services:\n  api:\n    levle: auto",
        "c.yaml:3: services.api.levle: no such key; did you mean 'level'?",
        id="unknown key",
    ),
    pytest.param(
        "circuit_breakers:\n  default:\n    failureThreshold: 3",
        "c.yaml:3: circuit_breakers.default.failureThreshold: no such key; did you mean 'failure_threshold'?",
        id="camel case",
    ),
    pytest.param(
        "safety:\n  budget: 3/1h",
        "c.yaml:2: safety.budget: no such key; it belongs under safety.limits",
        id="key of another section",
    ),
    pytest.param(
        "rollback:\n  zzz: 3",
        "c.yaml:2: rollback.zzz: no such key; there are enabled, snapshot_interval, max_snapshots, "
        "automatic_rollback",
        id="unknown key like no other",
    ),
    pytest.param(
        "circuit_breakers:\n  default:\n    failure_threshold: many",
        "c.yaml:3: circuit_breakers.default.failure_threshold: must be a whole number, not 'many'",
        id="no number",
    ),
    pytest.param(
        "circuit_breakers:\n  default: {failure_threshold: 0}",
        "c.yaml:2: circuit_breakers.default.failure_threshold: must be at least 1, not '0'",
        id="number too small",
    ),
    pytest.param(
        "api: {port: 82000}", "c.yaml:1: api.port: must be at most 65535, not '82000'", id="no port"
    ),
    pytest.param(
        "api: {port: true}",
        "c.yaml:1: api.port: must be a whole number, not 'true'",
        id="true is no number",
    ),
    pytest.param(
        "recovery: {recovery_timeout: soon}",
        "c.yaml:1: recovery.recovery_timeout: must be a duration such as 250ms, 30s, 1h30m or 7d, not 'soon'",
        id="no duration",
    ),
    pytest.param(
        "recovery: {recovery_timeout: 0}",
        "c.yaml:1: recovery.recovery_timeout: must be more than zero, not '0'",
        id="no time at all",
    ),
    pytest.param(
        "recovery: {recovery_timeout: -5s}",
        "c.yaml:1: recovery.recovery_timeout: must be a duration such as 250ms, 30s, 1h30m or 7d, not '-5s'",
        id="negative duration",
    ),
    pytest.param(
        "services: {api: {level: aut}}",
        "c.yaml:1: services.api.level: must be one of observe, recommend, approve, auto, not 'aut'; "
        "did you mean 'auto'?",
        id="no such level",
    ),
    pytest.param(
        "services: {api: {critical: ture}}",
        "c.yaml:1: services.api.critical: must be true or false, not 'ture'; did you mean 'true'?",
        id="neither yes nor no",
    ),
    pytest.param(
        "services: [api]",
        "c.yaml:1: services: must be a mapping with keys of its own",
        id="list for mapping",
    ),
    pytest.param(
        "safety: 5",
        "c.yaml:1: safety: must be a mapping with keys of its own",
        id="number for section",
    ),
    pytest.param(
        "services: {api: {target: {container: [a]}}}",
        "c.yaml:1: services.api.target.container: must be text",
        id="list for text",
    ),
    pytest.param("api: {tokens: 5}", "c.yaml:1: api.tokens: must be a list", id="number for list"),
    pytest.param(
        "services:\n  'a b': {}",
        "c.yaml:2: services.a b: 'a b' is no name: use letters, digits, '-', '_' and '.', up to 128",
        id="name with a space",
    ),
    pytest.param(
        "actions:\n  x: {type: docker}",
        "c.yaml:2: actions.x.command: must be given",
        id="missing key",
    ),
    pytest.param(
        "recovery: {procedures: {x: {actions: []}}}",
        "c.yaml:1: recovery.procedures.x.actions: must not be empty",
        id="procedure that does nothing",
    ),
    pytest.param(
        "storage: {redis_url: 'http://cache'}",
        "c.yaml:1: storage.redis_url: must be an address that begins with redis:// or rediss:// or "
        "unix:// or valkey:// or valkeys://",
        id="address of something else",
    ),
    pytest.param(
        "storage: {prometheus: {url: 'http://'}}",
        "c.yaml:1: storage.prometheus.url: must be an address that begins with http:// or https://",
        id="address without a host",
    ),
    pytest.param(
        "predictive_monitoring: {metrics: {resource_usage: {cpu_threshold: 120}}}",
        "c.yaml:1: predictive_monitoring.metrics.resource_usage.cpu_threshold: must be from 0% to 100%, not '120'",
        id="more than the whole",
    ),
    pytest.param(
        "predictive_monitoring: {anomaly_detection: {algorithm: prophet}}",
        "c.yaml:1: predictive_monitoring.anomaly_detection.algorithm: must be one of isolation_forest, not 'prophet'",
        id="unknown algorithm",
    ),
    pytest.param(
        "graceful_degradation: {feature_flags: {x: {fallback: polls}}}",
        "c.yaml:1: graceful_degradation.feature_flags.x.fallback: must be one of cache, basic, polling, "
        "queue, not 'polls'; did you mean 'polling'?",
        id="unknown fallback",
    ),
    pytest.param(
        "safety: {limits: {budget: lots}}",
        "c.yaml:1: safety.limits.budget: must be like 3/1h (three acts in an hour), not 'lots'",
        id="no budget",
    ),
    pytest.param(
        "safety: {limits: {budget: 0/1h}}",
        "c.yaml:1: safety.limits.budget: must allow at least one act; to act never, set `level: observe`",
        id="budget of nothing",
    ),
    pytest.param(
        "services: {api: {limits: {stable_for: 10m, verify_within: 5m}}}",
        "c.yaml:1: services.api.limits: verify_within is shorter than stable_for: it could never be called healed",
        id="limits that contradict each other",
    ),
    pytest.param(
        "services: {api: {depends_on: [api]}}",
        "c.yaml:1: services.api.depends_on: a service cannot depend on itself",
        id="depends on itself",
    ),
    pytest.param(
        "services:\n  a: {target: shop/api}\n  b: {target: shop/api}",
        "c.yaml:3: services.b.target: these are the containers of 'a' already",
        id="same containers twice",
    ),
    pytest.param(
        "dependencies:\n  critical_services: [db]\n  optional_services: [db]",
        "c.yaml:3: dependencies.optional_services[0]: 'db' is critical already",
        id="critical and optional",
    ),
    pytest.param(
        "recovery:\n  procedures:\n    x:\n      triggers: [health_check_faild]\n      actions: [restart_service]",
        "c.yaml:4: recovery.procedures.x.triggers[0]: no such trigger: 'health_check_faild'; "
        "did you mean 'health_check_failed'?",
        id="unknown trigger",
    ),
    pytest.param(
        "recovery:\n  procedures:\n    x:\n      actions:\n        - restart_service\n        - restart_servce",
        "c.yaml:6: recovery.procedures.x.actions[1]: no such action: 'restart_servce'; "
        "did you mean 'restart_service'?",
        id="unknown action",
    ),
    pytest.param(
        "circuit_breakers: {services: {db: {recovery_action: reconect_pool}}}",
        "c.yaml:1: circuit_breakers.services.db.recovery_action: no such procedure or action: "
        "'reconect_pool'; did you mean 'reconnect_pool'?",
        id="unknown recovery action",
    ),
    pytest.param(
        "circuit_breakers: {services: {db: {fallback_response: '{\"a\": '}}}",
        "c.yaml:1: circuit_breakers.services.db.fallback_response: begins like JSON and is none: "
        "Expecting value: line 1 column 7 (char 6)",
        id="half a json",
    ),
    pytest.param(
        "api: {host: 0.0.0.0}",
        "c.yaml:1: api.host: without a token only this machine may ask: listen on 127.0.0.1, or add "
        "api.tokens, not '0.0.0.0'",
        id="open to the world",
    ),
    pytest.param(
        "storage: {state_dir: '${X}'}",
        "c.yaml:1: storage.state_dir: ${X} is not set; set it, or write ${X:-default}",
        id="variable not set",
    ),
    pytest.param(
        "a: [",
        "c.yaml:1: not YAML: expected the node content, but found '<stream end>' while parsing a flow node",
        id="no yaml",
    ),
]


@pytest.mark.parametrize(("text", "fault"), FAULTS)
def test_a_fault_is_one_line_that_says_where_what_and_what_was_meant(
    faults_of: FaultsOf, text: str, fault: str
):
    assert faults_of(text) == (fault,)


def test_all_faults_of_all_kinds_come_at_once_in_the_order_of_the_file(faults_of: FaultsOf):
    faults = faults_of(
        "recvoery: {}\n"
        "services:\n"
        "  api: {level: aut, probes: [ftp://x], depends_on: [api]}\n"
        "recovery:\n"
        "  procedures: {x: {triggers: [nothing], actions: [evil, restart_servce]}}\n"
        "actions: {evil: {type: docker, command: reboot}}\n"
        "api: {host: 0.0.0.0, port: '${PORT}'}\n"
        "recovery: {}\n"
    )
    assert [fault.split(": ")[1] for fault in faults] == [
        "recvoery",
        "services.api.probes[0]",
        "services.api.level",
        "services.api.depends_on",
        "recovery.procedures.x.triggers[0]",
        "recovery.procedures.x.actions[1]",
        "actions.evil.command",
        "api.port",
        "api.host",
        "recovery",
    ]
    assert all("\n" not in fault for fault in faults)


def test_a_wrong_action_is_not_called_unknown_as_well(faults_of: FaultsOf):
    faults = faults_of(
        "actions: {evil: {type: docker, command: reboot}}\n"
        "recovery: {procedures: {x: {actions: [evil]}}}\n"
        "circuit_breakers: {default: {recovery_action: evil}}\n"
    )
    assert len(faults) == 1


@pytest.mark.parametrize(
    "text",
    [
        "api: {tokens: [{name: a, token: hunter2}]}",
        "api: {tokens: [{name: a, token: [hunter2hunter2hunter2]}]}",
        "storage: {redis_url: 'redos://:hunter2@cache'}",
        "storage: {prometheus: {url: 'https://me:hunter2@:x'}}",
        "storage: {prometheus: {headers: {Authorization: [hunter2]}}}",
        "notifications: {channels: {a: {url: [hunter2]}}}",
        "services: {api: {probes: ['ftp://me:hunter2@x']}}",
        "actions: {a: {type: redis, command: redis-cli -a hunter2 SHUTDOWN}}",
        "actions: {a: {type: redis, command: redis-cli --pass=hunter2 SHUTDOWN}}",
    ],
)
def test_no_fault_shows_a_secret(faults_of: FaultsOf, text: str):
    assert "hunter2" not in "".join(faults_of(text))


def test_a_fault_stays_on_its_line_whatever_stands_in_the_file(faults_of: FaultsOf):
    (fault,) = faults_of('safety: {"a\\n\\e[31mb": 1}')
    assert fault.startswith(r"c.yaml:1: safety.a\n\x1b[31mb: no such key")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("api: {host: '${HOST}'}", id="a host that is not known yet"),
        pytest.param(
            "services: {a: {limits: {stable_for: x, verify_within: 9s}}}", id="half of the limits"
        ),
    ],
)
def test_what_follows_from_a_fault_is_no_second_fault(faults_of: FaultsOf, text: str):
    assert len(faults_of(text)) == 1


def test_a_token_that_two_people_share_is_a_fault(faults_of: FaultsOf):
    tokens = "\n".join(f"  - {{name: {name}, token: 0123456789abcdef}}" for name in ("a", "b", "b"))
    faults = faults_of(f"api:\n  tokens:\n  {tokens.strip()}\n".replace("\n  - ", "\n    - "))
    assert [fault.split(": ", 1)[1] for fault in faults] == [
        "api.tokens[1].token: is somebody else's token already",
        "api.tokens[2].name: 'b' has a token already",
        "api.tokens[2].token: is somebody else's token already",
    ]


def test_a_file_that_is_not_there_says_so(tmp_path: pathlib.Path):
    with pytest.raises(
        ConfigError, match=r"none.yaml:1: cannot be read: No such file or directory"
    ):
        load(tmp_path / "none.yaml", {})
    with pytest.raises(ConfigError, match=r"cannot be read: Is a directory"):
        load(tmp_path, {})


def test_a_file_that_is_not_text_says_so(tmp_path: pathlib.Path):
    path = tmp_path / "latin.yaml"
    path.write_bytes("hold: schön".encode("latin-1"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(path, {})


def test_no_file_means_all_defaults():
    assert load(None, {}) == Settings()


def test_an_empty_file_means_all_defaults(read):
    assert read("").services == {}
    assert read("# nothing but a remark\n").api.port == 8200


def test_sections_without_keys_mean_their_defaults(read):
    settings = read("services:\nsafety:\n  limits:\nrecovery: {procedures: }\napi: {port: }\n")
    assert settings.safety == Settings().safety
    assert settings.api.port == 8200
