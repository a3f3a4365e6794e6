"""Commands of older files become typed actions, narrowed where they must be, or are refused."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healing.services import ByCompose, ByName
from healing.settings.actions import (
    Action,
    ClearCacheKeys,
    ClearCachePrefix,
    RecreateService,
    RemoveDanglingImages,
    ResetPool,
    RestartContainer,
    RunHealthCheck,
    ScaleService,
    SessionState,
    StartContainer,
    StopGracefully,
    TerminateIdleSessions,
)
from healing.settings.commands import FORMS, CommandType, understand

DOCKER, COMPOSE = CommandType.DOCKER, CommandType.DOCKER_COMPOSE
REDIS, DATABASE = CommandType.REDIS, CommandType.DATABASE
PREFIX = "cache:{service}:"
TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"


def asked(kind: CommandType, command: str) -> tuple[tuple[Action, ...], bool]:
    understood = understand(kind, command, prefix=PREFIX)
    return understood.actions, bool(understood.narrowed)


SAME = [
    (DOCKER, "docker restart {service}", RestartContainer()),
    (DOCKER, "docker restart {service_name}", RestartContainer()),
    (DOCKER, "docker restart {{ container }}", RestartContainer()),
    (DOCKER, "docker restart <service>", RestartContainer()),
    (DOCKER, "docker restart shop-{service_name}-1", RestartContainer()),
    (DOCKER, "docker container restart api-1", RestartContainer(target=ByName("api-1"))),
    (DOCKER, "restart api-1", RestartContainer(target=ByName("api-1"))),
    (DOCKER, "sudo docker restart 'api-1'", RestartContainer(target=ByName("api-1"))),
    (DOCKER, "docker restart --time=5 {name}", RestartContainer(grace=timedelta(seconds=5))),
    (DOCKER, "docker start db", StartContainer(target=ByName("db"))),
    (
        DOCKER,
        "docker stop -t 30 db",
        StopGracefully(target=ByName("db"), grace=timedelta(seconds=30)),
    ),
    (
        DOCKER,
        "docker inspect --format '{{.State.Health.Status}}' db",
        RunHealthCheck(target=ByName("db")),
    ),
    (DOCKER, "docker compose restart api", RestartContainer(target=ByCompose("api"))),
    (COMPOSE, "docker-compose restart {service}", RestartContainer()),
    (
        COMPOSE,
        "docker-compose -p shop -f x.yaml restart api",
        RestartContainer(target=ByCompose("api", "shop")),
    ),
    (
        COMPOSE,
        "docker compose --project-name=shop stop api",
        StopGracefully(target=ByCompose("api", "shop")),
    ),
    (COMPOSE, "docker-compose up -d api", StartContainer(target=ByCompose("api"))),
    (
        COMPOSE,
        "docker-compose up -d --force-recreate --no-deps api",
        RecreateService(target=ByCompose("api")),
    ),
    (COMPOSE, "docker-compose scale {service_name}={replicas}", ScaleService()),
    (COMPOSE, "docker-compose scale api=3", ScaleService(target=ByCompose("api"), replicas=3)),
    (
        COMPOSE,
        "docker-compose up -d --scale api=2",
        ScaleService(target=ByCompose("api"), replicas=2),
    ),
    (COMPOSE, "docker-compose ps api", RunHealthCheck(target=ByCompose("api"))),
    (REDIS, "UNLINK page:*", ClearCachePrefix(prefix="page:")),
    (
        REDIS,
        "redis-cli -h cache -p 6379 -n 2 del page:{service}:*",
        ClearCachePrefix(prefix="page:{service}:"),
    ),
    (REDIS, "DEL page:1 page:2", ClearCacheKeys(keys=("page:1", "page:2"))),
    (REDIS, "redis-cli PING", RunHealthCheck()),
    (DATABASE, "SELECT 1", RunHealthCheck()),
    (DATABASE, "RECONNECT", ResetPool()),
    (DATABASE, "RECONNECT orders;", ResetPool(database="orders")),
]


@pytest.mark.parametrize(("kind", "command", "action"), SAME, ids=[row[1] for row in SAME])
def test_a_command_means_the_same_as_a_typed_action(
    kind: CommandType, command: str, action: Action
):
    assert asked(kind, command) == ((action,), False)


NARROWED = [
    (REDIS, "FLUSHDB", ClearCachePrefix(prefix=PREFIX)),
    (REDIS, "redis-cli -n 3 flushall async", ClearCachePrefix(prefix=PREFIX)),
    (REDIS, "valkey-cli FLUSHDB", ClearCachePrefix(prefix=PREFIX)),
    (DOCKER, "docker exec -it cache redis-cli FLUSHALL", ClearCachePrefix(prefix=PREFIX)),
    (REDIS, "CLIENT KILL TYPE normal", ResetPool()),
    (DOCKER, "docker kill {service}", StopGracefully()),
    (DOCKER, "docker kill --signal=SIGKILL api-1", StopGracefully(target=ByName("api-1"))),
    (DOCKER, "docker rm -f api-1", RestartContainer(target=ByName("api-1"))),
    (DOCKER, "docker system prune -af --volumes", RemoveDanglingImages()),
    (DOCKER, "docker volume prune", RemoveDanglingImages()),
    (DOCKER, "kill -9 -1", RestartContainer()),
    (DOCKER, "pkill -9 -f gunicorn", RestartContainer()),
    (DOCKER, "docker exec api-1 killall -9 java", RestartContainer()),
    (COMPOSE, "docker-compose restart", RestartContainer()),
    (COMPOSE, "docker-compose kill", StopGracefully()),
    (COMPOSE, "docker-compose down -v", StopGracefully()),
    (DATABASE, TERMINATE, TerminateIdleSessions()),
    (
        DATABASE,
        f"{TERMINATE} WHERE state = 'idle'",
        TerminateIdleSessions(states=(SessionState.IDLE,)),
    ),
    (
        DATABASE,
        f"psql -U postgres -c \"{TERMINATE} WHERE state = 'idle';\"",
        TerminateIdleSessions(states=(SessionState.IDLE,)),
    ),
]


@pytest.mark.parametrize(("kind", "command", "action"), NARROWED, ids=[row[1] for row in NARROWED])
def test_a_dangerous_command_is_narrowed_and_says_so(
    kind: CommandType, command: str, action: Action
):
    assert asked(kind, command) == ((action,), True)


def test_several_containers_are_several_actions():
    actions, _ = asked(DOCKER, "docker restart api-1 api-2")
    assert actions == (
        RestartContainer(target=ByName("api-1")),
        RestartContainer(target=ByName("api-2")),
    )


def test_every_condition_on_sessions_is_kept():
    actions, _ = asked(
        DATABASE,
        """
        select pg_terminate_backend(a.pid) from pg_catalog.pg_stat_activity as a
        where a.state in ('idle in transaction', 'idle') and a.datname = 'orders'
          and a.usename = 'app' and a.application_name = 'api' and a.pid <> pg_backend_pid()
          and a.state_change < now() - interval '10 minutes';
        """,
    )
    assert actions == (
        TerminateIdleSessions(
            states=(SessionState.IDLE_IN_TRANSACTION, SessionState.IDLE),
            idle_for=timedelta(minutes=10),
            database="orders",
            user="app",
            application="api",
        ),
    )


REFUSED = [
    (DOCKER, "docker restart api; rm -rf /", "';' is for a shell"),
    (DOCKER, "docker restart api && reboot", "'&&' is for a shell"),
    (DOCKER, "docker restart api || true", "'||' is for a shell"),
    (DOCKER, "docker restart api | tee /tmp/x", "'|' is for a shell"),
    (DOCKER, "docker restart api > /etc/passwd", "'>' is for a shell"),
    (DOCKER, "docker restart api &", "'&' is for a shell"),
    (DOCKER, "docker restart $(cat /etc/passwd)", "'$(' is for a shell"),
    (DOCKER, "docker kill $(docker ps -q)", "'$(' is for a shell"),
    (DOCKER, 'docker restart "$(id)"', "'$(' is for a shell"),
    (DOCKER, "docker restart `id`", "'`' is for a shell"),
    (DOCKER, "docker restart api\nrm -rf /", "is for a shell"),
    (DOCKER, "docker restart api\0", "is for a shell"),
    (DOCKER, "docker restart 'api", "cannot be split"),
    (DOCKER, "docker restart ../../etc", "is no name of a container"),
    (DOCKER, "docker restart '; rm -rf /'", "is no name of a container"),
    (DOCKER, "docker restart 'a b'", "is no name of a container"),
    (DOCKER, "docker restart {unknown}", "is no name of a container"),
    (DOCKER, "docker restart '{service}; reboot'", "is no name of a container"),
    (DOCKER, "docker restart --privileged api", "is not understood"),
    (DOCKER, "docker restart -t", "lacks its value"),
    (DOCKER, "docker restart -t soon api", "must be a duration"),
    (DOCKER, "docker restart", "is not understood"),
    (DOCKER, "docker run --privileged -v /:/host alpine", "is not understood"),
    (DOCKER, "docker exec api rm -rf /", "is not understood"),
    (DOCKER, "docker kill -s HUP api", "is not understood"),
    (DOCKER, "docker logs api", "is not understood"),
    (DOCKER, "systemctl restart docker", "is not understood"),
    (DOCKER, "bash -c 'docker restart api'", "is not understood"),
    (DOCKER, "rm -rf /", "is not understood"),
    (COMPOSE, "docker-compose scale api=0", "at least one replica"),
    (COMPOSE, "docker-compose scale api=many", "must be a whole number"),
    (COMPOSE, "docker-compose run api sh", "is not understood"),
    (COMPOSE, "docker-compose --rm restart api", "is not understood"),
    (COMPOSE, "docker-compose build", "is not understood"),
    (REDIS, "UNLINK *", "would remove every key"),
    (REDIS, "DEL user:*:session", "a pattern stands alone"),
    (REDIS, "DEL a*b*", "its * at the end"),
    (REDIS, "FLUSHDB please", "is not understood"),
    (REDIS, "CONFIG SET maxmemory 0", "is not understood"),
    (REDIS, "EVAL 'return 1' 0", "is not understood"),
    (REDIS, "SHUTDOWN", "is not understood"),
    (REDIS, "redis-cli --scan", "is not understood"),
    (DATABASE, "DROP TABLE orders", "is not understood"),
    (DATABASE, f"{TERMINATE}; DROP TABLE orders", "one statement"),
    (DATABASE, f"{TERMINATE} -- all", "one statement"),
    (DATABASE, f"{TERMINATE} WHERE true", "the condition 'true' is not understood"),
    (DATABASE, f"{TERMINATE} WHERE state = 'idle' OR 1=1", "is not understood"),
    (DATABASE, f"{TERMINATE} WHERE state = 'active'", "only idle ones"),
    (DATABASE, f"{TERMINATE} WHERE datname = '{{db}}'", "is not understood"),
    (DATABASE, "SELECT pg_terminate_backend(4711)", "is not understood"),
    (DATABASE, "SELECT pg_reload_conf()", "is not understood"),
    (DATABASE, "SELECT 1 UNION SELECT 2", "is not understood"),
]


@pytest.mark.parametrize(("kind", "command", "why"), REFUSED, ids=[repr(row[1]) for row in REFUSED])
def test_anything_else_is_refused_and_the_forms_are_listed(
    kind: CommandType, command: str, why: str
):
    with pytest.raises(ValueError, match="what can be written for") as caught:
        understand(kind, command, prefix=PREFIX)
    assert why in str(caught.value)
    assert all(form in str(caught.value) for form in FORMS[kind])


@pytest.mark.parametrize("kind", CommandType)
def test_every_form_that_is_listed_is_understood(kind: CommandType):
    examples = {
        DOCKER: ["restart {service}", "start a", "stop -t 5 a", "inspect a", "image prune"],
        COMPOSE: ["restart {service}", "start a", "stop -t 5 a", "up -d a", "scale a=2", "ps a"],
        REDIS: ["UNLINK a*", "UNLINK a", "FLUSHDB", "CLIENT KILL TYPE normal", "PING"],
        DATABASE: [f"{TERMINATE} WHERE state = 'idle'", "RECONNECT x", "SELECT 1"],
    }[kind]
    assert len(examples) == len(FORMS[kind])
    for form, example in zip(FORMS[kind], examples, strict=True):
        word = example.split(maxsplit=1)[0]
        assert word.lower() in form.lower()
        assert understand(kind, example, prefix=PREFIX).actions


@given(kind=st.sampled_from(CommandType), command=st.text(max_size=80))
def test_any_text_is_understood_or_refused_with_a_sentence(kind: CommandType, command: str):
    try:
        assert understand(kind, command, prefix=PREFIX).actions
    except ValueError as error:
        assert "what can be written for" in str(error)  # noqa: PT017 -- either outcome is right


@given(
    start=st.sampled_from(
        ["docker restart ", "docker-compose restart ", "UNLINK ", "docker stop "]
    ),
    words=st.text(alphabet="ab-_.;|&$()`{}'\"\\/<>* \n", max_size=30),
)
def test_a_target_is_always_a_plain_name(start: str, words: str):
    kind = REDIS if start == "UNLINK " else DOCKER
    try:
        actions, _ = asked(kind, start + words)
    except ValueError:
        return
    for action in actions:
        target = getattr(action, "target", None)
        name = getattr(target, "name", getattr(target, "service", "a"))
        assert name.replace("-", "").replace("_", "").replace(".", "").isalnum()


def test_a_command_may_be_a_list_of_arguments(read):
    settings = read("actions: {x: {type: docker, command: [docker, restart, api-1]}}")
    assert settings.known_actions()["x"] == (RestartContainer(target=ByName("api-1")),)


def test_a_list_is_not_split_again(faults_of):
    (fault,) = faults_of("actions: {x: {type: docker, command: [docker, restart, 'a b']}}")
    assert "'a b' is no name of a container" in fault


def test_the_prefix_of_an_action_bounds_what_it_clears(read):
    settings = read("actions: {x: {type: redis, command: FLUSHDB, prefix: 'pages:'}}")
    assert settings.known_actions()["x"] == (ClearCachePrefix(prefix="pages:"),)


@pytest.mark.parametrize("prefix", ["'*'", "''", "'a*b'", "' '"])
def test_a_prefix_that_would_match_everything_is_a_fault(faults_of, prefix: str):
    (fault,) = faults_of(f"actions: {{x: {{type: redis, command: FLUSHDB, prefix: {prefix}}}}}")
    assert "c.yaml:1: actions.x.prefix: must be the plain beginning of keys" in fault


@pytest.mark.parametrize(
    "written", ["docker-compose", "docker_compose", "Docker Compose", "DOCKER-COMPOSE"]
)
def test_the_type_may_be_spelled_in_any_way(read, written: str):
    settings = read(f"actions: {{x: {{type: {written}, command: docker-compose restart a}}}}")
    assert settings.actions["x"].type is COMPOSE


def test_a_note_about_a_command_hides_its_password(read):
    settings = read("actions: {x: {type: redis, command: redis-cli -a hunter2 FLUSHALL}}")
    (note,) = settings.notes
    assert "hunter2" not in str(note)
    assert "'redis-cli -a *** FLUSHALL' emptied every database" in note.what
