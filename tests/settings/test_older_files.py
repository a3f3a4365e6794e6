"""Files in the shape that was there before us load as they are and mean what they say."""

from datetime import timedelta

import pytest

from healing.finding import Kind
from healing.services import ByCompose, ByName
from healing.settings import Settings
from healing.settings.actions import (
    ClearCachePrefix,
    CollectGarbage,
    ResetPool,
    RestartContainer,
    RunHealthCheck,
    ScaleService,
    SessionState,
    StopGracefully,
    TerminateIdleSessions,
)
from healing.settings.sections.dependencies import Isolation
from healing.settings.sections.graceful_degradation import CachePolicy, Fallback

BOOKSHOP = """
circuit_breakers:
  default:
    failure_threshold: 5     # failures
    success_threshold: 2
    timeout: 30s
    half_open_requests: 3
  services:
    catalogue:
      failure_threshold: 4
      timeout: 20
      fallback_response: |
        {"status": "degraded", "books": []}
    orders-db:
      failure_threshold: 2
      timeout: 10s
      recovery_action: "reset_connection_pool"
    session-cache: {timeout: 1m30s, fallback_to_memory: yes}

graceful_degradation:
  feature_flags:
    reviews: {enabled: true, fallback: "cache", cache_ttl: 3600}
    statistics: {enabled: no, fallback: "basic"}
    stock-ticker:
      enabled: true
      fallback: Polling
      polling_interval: 30s
    invoices:
      fallback: queue
      max_queue_size: 500
    wishlist: true
  cache_strategies:
    default: {type: "lru", size: 1000, ttl: 300}
    covers: {type: LFU, size: 200, ttl: 1h}

recovery:
  health_check_interval: 10s
  recovery_timeout: 300s
  max_recovery_attempts: 3
  procedures:
    restart:
      triggers: ["health_check_failed", "memory_threshold_exceeded"]
      actions: [graceful_shutdown, clear_cache, restart_service]
    database:
      triggers:
        - connection_pool_exhausted
        - query_timeout
      actions:
        - kill_idle_connections
        - reset_connection_pool
        - validate_connectivity
    leak:
      triggers: memory_usage_90_percent, memory_growth_detected
      actions: [force_garbage_collection, clear_caches, restart_if_needed]

predictive_monitoring:
  enabled: true
  metrics:
    resource_usage:
      cpu_threshold: 80
      memory_threshold: 85.5
      disk_threshold: 90%
      prediction_window: 30m
    performance:
      response_time_p99: 1500ms
      error_rate_threshold: 0.05
      throughput_minimum: 100
    dependencies:
      health_check_interval: 45s
      cascade_detection: true
  anomaly_detection:
    algorithm: "isolation_forest"
    sensitivity: 1
    training_window: 7d
  alerts:
    predictive_failure:
      channels: ["chat", "pager"]
      lead_time: 15m
    resource_exhaustion: {channels: mail, lead_time: 30m}

dependencies:
  critical_services:
    - orders-db
    - name: catalogue
  optional_services: [recommender]
  cascade_protection:
    enabled: true
    isolation_mode: "partial"

actions:
  restart_service:
    type: "docker"
    command: "docker restart {service_name}"
  scale_service:
    type: "docker-compose"
    command: "docker-compose scale {service_name}={replicas}"
  clear_cache:
    type: "redis"
    command: "FLUSHDB"
  reset_connection_pool:
    type: "database"
    command: "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle'"

rollback:
  enabled: true
  snapshot_interval: 1h
  max_snapshots: 24
  automatic_rollback:
    enabled: true
    failure_threshold: 10
    time_window: 5m
"""


@pytest.fixture
def bookshop(read) -> Settings:
    return read(BOOKSHOP)


def test_breakers_take_what_they_do_not_say_from_the_default(bookshop: Settings):
    breakers = bookshop.circuit_breakers
    catalogue = breakers.named("catalogue")
    assert (catalogue.failure_threshold, catalogue.success_threshold) == (4, 2)
    assert catalogue.timeout == timedelta(seconds=20)
    assert breakers.named("session-cache").timeout == timedelta(seconds=90)
    assert breakers.named("session-cache").fallback_to_memory is True
    assert breakers.named("nobody") == breakers.default


def test_a_fallback_response_in_text_becomes_json(bookshop: Settings):
    response = bookshop.circuit_breakers.named("catalogue").fallback_response
    assert response == {"status": "degraded", "books": []}


@pytest.mark.parametrize(
    ("written", "response"),
    [
        (
            "{status: degraded, code: 503, cached: true}",
            {"status": "degraded", "code": 503, "cached": True},
        ),
        ("[1, 2.5, x]", [1, 2.5, "x"]),
        ("try again later", "try again later"),
        ("503", 503),
        ('"503"', "503"),
    ],
)
def test_a_fallback_response_may_be_any_json(read, written: str, response: object):
    settings = read(f"circuit_breakers: {{default: {{fallback_response: {written}}}}}")
    assert settings.circuit_breakers.default.fallback_response == response


def test_flags_and_caches_mean_what_they_say(bookshop: Settings):
    flags = bookshop.graceful_degradation.feature_flags
    assert flags["reviews"].fallback is Fallback.CACHE
    assert flags["reviews"].cache_ttl == timedelta(hours=1)
    assert flags["statistics"].enabled is False
    assert flags["stock-ticker"].fallback is Fallback.POLLING
    assert flags["stock-ticker"].polling_interval == timedelta(seconds=30)
    assert flags["invoices"].max_queue_size == 500
    assert flags["wishlist"].enabled is True
    caches = bookshop.graceful_degradation.cache_strategies
    assert caches["covers"].type is CachePolicy.LFU
    assert (caches["covers"].size, caches["covers"].ttl) == (200, timedelta(hours=1))
    assert caches["default"].ttl == timedelta(minutes=5)


def test_recovery_means_what_it_says(bookshop: Settings):
    assert bookshop.recovery.health_check_interval == timedelta(seconds=10)
    assert bookshop.recovery.recovery_timeout == timedelta(minutes=5)
    assert bookshop.recovery.max_recovery_attempts == 3


def test_procedures_become_triggers_and_typed_actions(bookshop: Settings):
    procedures = bookshop.procedures()
    assert procedures["restart"].actions == (
        StopGracefully(),
        ClearCachePrefix(prefix="cache:{service}:"),
        RestartContainer(),
    )
    assert procedures["leak"].actions == (
        CollectGarbage(),
        ClearCachePrefix(),
        RestartContainer(only_if_still_unwell=True),
    )
    terminate, pool, check = procedures["database"].actions
    assert terminate == TerminateIdleSessions()
    assert pool == TerminateIdleSessions(states=(SessionState.IDLE,))
    assert check == RunHealthCheck()


def test_an_action_of_the_file_wins_over_our_word_of_the_same_name(read):
    procedure = "recovery: {procedures: {x: {actions: [reset_connection_pool]}}}"
    assert read(procedure).procedures()["x"].actions == (ResetPool(),)
    own = "actions: {reset_connection_pool: {type: database, command: RECONNECT orders}}"
    assert read(f"{procedure}\n{own}").procedures()["x"].actions == (ResetPool(database="orders"),)


def test_triggers_know_their_kind_signal_and_threshold(bookshop: Settings):
    unwell, memory = bookshop.procedures()["restart"].triggers
    assert unwell.kinds == {Kind.UNHEALTHY, Kind.UNRESPONSIVE}
    assert (memory.signal, memory.above) == ("memory", 0.855)
    full, growing = bookshop.procedures()["leak"].triggers
    assert (full.signal, full.above) == ("memory", 0.9)
    assert (growing.kinds, growing.above) == ({Kind.EXHAUSTION}, None)


@pytest.mark.parametrize(
    "word", ["memory_usage_0_percent", "memory_usage_101_percent", "x_usage_5_percent"]
)
def test_a_usage_beyond_the_whole_is_no_trigger(faults_of, word: str):
    (fault,) = faults_of(
        f"recovery: {{procedures: {{x: {{triggers: [{word}], actions: [restart_service]}}}}}}"
    )
    assert "no such trigger" in fault


def test_prediction_means_what_it_says(bookshop: Settings):
    usage = bookshop.predictive_monitoring.metrics.resource_usage
    assert (usage.cpu_threshold, usage.memory_threshold, usage.disk_threshold) == (0.8, 0.855, 0.9)
    assert usage.prediction_window == timedelta(minutes=30)
    performance = bookshop.predictive_monitoring.metrics.performance
    assert performance.response_time_p99 == timedelta(seconds=1.5)
    assert performance.error_rate_threshold == 0.05
    assert performance.throughput_minimum == 100
    assert bookshop.predictive_monitoring.anomaly_detection.sensitivity == 1
    assert bookshop.predictive_monitoring.anomaly_detection.training_window == timedelta(days=7)
    alerts = bookshop.predictive_monitoring.alerts
    assert alerts["predictive_failure"].channels == ("chat", "pager")
    assert alerts["resource_exhaustion"].channels == ("mail",)
    assert alerts["resource_exhaustion"].lead_time == timedelta(minutes=30)


def test_services_that_only_dependencies_name_are_looked_after(bookshop: Settings):
    stack = bookshop.stack()
    assert set(stack.services) == {"orders-db", "catalogue", "recommender"}
    assert stack.services["orders-db"].target == ByCompose("orders-db")
    assert stack.services["orders-db"].critical is False
    assert bookshop.dependencies.cascade_protection.isolation_mode is Isolation.PARTIAL


def test_a_service_is_not_added_twice_under_the_name_of_its_container(read):
    settings = read(
        "services:\n  db: {target: shop/postgres}\n  cache: {target: {container: redis-1}}\n"
        "dependencies: {critical_services: [postgres, redis-1, db]}"
    )
    assert set(settings.stack().services) == {"db", "cache"}


def test_dependencies_may_be_the_keys_of_a_mapping(read):
    settings = read("dependencies: {critical_services: {db: , cache: }, optional_services: mail}")
    assert settings.dependencies.critical_services == ("db", "cache")
    assert settings.dependencies.optional_services == ("mail",)


def test_rollback_means_what_it_says(bookshop: Settings):
    rollback = bookshop.rollback
    assert (rollback.enabled, rollback.max_snapshots) == (True, 24)
    assert rollback.snapshot_interval == timedelta(hours=1)
    assert rollback.automatic_rollback.enabled is True
    assert rollback.automatic_rollback.time_window == timedelta(minutes=5)


@pytest.mark.parametrize(
    "text",
    [
        "rollback: false",
        "rollback: {enabled: off}",
        "rollback: {enabled: 'false'}",
        "rollback: {enabled: 0}",
        "rollback: ${SWITCH}",
    ],
)
def test_a_switch_may_be_written_in_any_way(read, text: str):
    assert read(text, SWITCH="no").rollback.enabled is False


def test_what_was_narrowed_is_noted_with_its_line(bookshop: Settings):
    notes = [str(note) for note in bookshop.notes if note.path.startswith("actions")]
    lines = BOOKSHOP.splitlines()
    flush = next(n for n, line in enumerate(lines, start=1) if "FLUSHDB" in line)
    assert notes[0] == (
        f"c.yaml:{flush}: actions.clear_cache.command: 'FLUSHDB' emptied a whole database; "
        f"becomes: remove only the keys that begin with 'cache:{{service}}:'"
    )
    assert "becomes: at most 5 sessions a round, idle for 5 minutes or more" in notes[1]
    assert len(notes) == 2


def test_channels_that_nothing_defines_are_noted(bookshop: Settings):
    missing = [note for note in bookshop.notes if "nobody is told there" in note.what]
    assert [note.path for note in missing] == [
        "predictive_monitoring.alerts.predictive_failure.channels[0]",
        "predictive_monitoring.alerts.predictive_failure.channels[1]",
        "predictive_monitoring.alerts.resource_exhaustion.channels[0]",
    ]


def test_commands_keep_their_meaning_with_the_service_in_trouble(bookshop: Settings):
    known = bookshop.known_actions()
    assert known["restart_service"] == (RestartContainer(),)
    assert known["scale_service"] == (ScaleService(),)


def test_a_command_that_names_a_container_means_that_container(read):
    settings = read("actions: {x: {type: docker, command: docker restart -t 20 api-1}}")
    (action,) = settings.known_actions()["x"]
    assert action == RestartContainer(target=ByName("api-1"), grace=timedelta(seconds=20))


def test_a_response_time_without_a_unit_that_is_hardly_meant_is_noted(read):
    performance = "predictive_monitoring: {metrics: {performance: {response_time_p99: 500}}}"
    (note,) = read(performance).notes
    assert note.what == "is read as 500 seconds; write 500ms for milliseconds"
