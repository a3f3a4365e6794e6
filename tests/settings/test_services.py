"""The `services` section becomes the stack of the domain."""

from datetime import timedelta

import pytest

from healing.services import (
    ByCompose,
    ByLabel,
    ByName,
    Direction,
    Exec,
    Expect,
    Http,
    Level,
    Limits,
    Probe,
    Signal,
    Target,
    Tcp,
)


def service(read, keys: str, rest: str = ""):
    return read(f"services: {{api: {{{keys}}}}}\n{rest}").stack().services["api"]


@pytest.mark.parametrize(
    ("written", "target"),
    [
        pytest.param("", ByCompose("api"), id="nothing means the Compose service of that name"),
        pytest.param("target: shop/web", ByCompose("web", "shop"), id="project and service"),
        pytest.param(
            "target: {compose: shop/web}", ByCompose("web", "shop"), id="the same, longer"
        ),
        pytest.param(
            "target: {compose: {project: shop, service: web}}",
            ByCompose("web", "shop"),
            id="in full",
        ),
        pytest.param("target: {compose: web}", ByCompose("web"), id="any project"),
        pytest.param(
            "target: {compose: {service: web}}", ByCompose("web"), id="any project, in full"
        ),
        pytest.param("target: {container: api-1}", ByName("api-1"), id="a container"),
        pytest.param("target: {container: 007}", ByName("007"), id="a container of digits"),
        pytest.param("target: {label: role=api}", ByLabel("role", "api"), id="a label"),
        pytest.param("target: {label: role}", ByLabel("role"), id="a label with any value"),
        pytest.param("target: role=api", ByLabel("role", "api"), id="a label, shorter"),
    ],
)
def test_a_target_finds_the_containers(read, written: str, target: Target):
    assert service(read, written).target == target


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("target: api", "say what 'api' is: {container: api} or {compose: api}"),
        ("target: {}", "must have exactly one of container, compose, label"),
        ("target: {container: a, label: b}", "must have exactly one of container, compose, label"),
        ("target: {label: =b}", "a label needs a key: key=value"),
        ("target: {compose: a/b/c}", "must be project/service or service, not 'a/b/c'"),
        ("target: {compose: /b}", "must be project/service or service, not '/b'"),
    ],
)
def test_a_target_that_could_be_anything_is_refused(faults_of, written: str, what: str):
    (fault,) = faults_of(f"services: {{api: {{{written}}}}}")
    assert fault.endswith(what)


SECONDS = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("written", "probe"),
    [
        ("'http://:8080/health'", Probe(check=Http("http://:8080/health"))),
        ("'https://shop.example/up?x=1'", Probe(check=Http("https://shop.example/up?x=1"))),
        ("'http://[::1]:80/'", Probe(check=Http("http://[::1]:80/"))),
        ("'tcp://:5432'", Probe(check=Tcp(5432))),
        ("'tcp://db:5432'", Probe(check=Tcp(5432, "db"))),
        ("{tcp: 5432}", Probe(check=Tcp(5432))),
        ("{tcp: ':5432'}", Probe(check=Tcp(5432))),
        ("'exec: pg_isready -U \"my user\"'", Probe(check=Exec(("pg_isready", "-U", "my user")))),
        ("{exec: [pg_isready, -U, 1]}", Probe(check=Exec(("pg_isready", "-U", "1")))),
        ("{exec: pg_isready -q}", Probe(check=Exec(("pg_isready", "-q")))),
        (
            "{http: 'http://:1/', every: 10s, timeout: 5, failures: 4}",
            Probe(check=Http("http://:1/"), every=10 * SECONDS, timeout=5 * SECONDS, failures=4),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_probe_may_be_short_or_long(read, written: str, probe: Probe):
    assert service(read, f"probes: [{written}]").probes == (probe,)
    assert service(read, f"probes: {written}").probes == (probe,)


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("'ftp://x'", "must begin with http://, https://, tcp:// or exec:"),
        ("'health'", "must begin with http://, https://, tcp:// or exec:"),
        ("{}", "must have exactly one of http, tcp, exec"),
        ("{http: 'http://:1/', tcp: 5}", "must have exactly one of http, tcp, exec"),
        ("'http://:0/'", "needs a port from 1 to 65535, not '0'"),
        ("'http://a:b/'", "needs a port from 1 to 65535, not 'b'"),
        ("'http:///health'", "must be like http://:8080/health"),
        ("'http://a b/'", "must be like http://:8080/health"),
        ("'tcp://:99999'", "must be like tcp://:5432, not 'tcp://:99999'"),
        ("'tcp://db'", "must be like tcp://:5432"),
        ("{tcp: tcp://db:5432/x}", "must be like tcp://:5432"),
        ("'exec:'", "must name a program"),
        ("{exec: []}", "must name a program"),
        ("'exec: \"pg_isready'", "cannot be split into arguments"),
        ("'exec: sh -c \"reboot\"'", "no shell ever runs what a file says"),
        ("{exec: [/bin/bash, -c, reboot]}", "no shell ever runs what a file says"),
        ("{exec: [busybox, sh]}", "no shell ever runs what a file says"),
        ("{exec: [env, sh, -c, reboot]}", "no shell ever runs what a file says"),
        ("{http: 'http://:1/', evry: 5}", "no such key; did you mean 'every'?"),
    ],
)
def test_a_probe_that_cannot_work_is_refused(faults_of, written: str, what: str):
    (fault,) = faults_of(f"services: {{api: {{probes: [{written}]}}}}")
    assert fault.startswith("c.yaml:1: services.api.probes[0]")
    assert what in fault


def test_probes_ask_as_often_as_recovery_says_unless_they_say_themselves(read):
    probes = "probes: ['tcp://:1', {tcp: 2, every: 1s}]"
    first, second = service(read, probes, "recovery: {health_check_interval: 10s}").probes
    assert (first.every, second.every) == (10 * SECONDS, SECONDS)


@pytest.mark.parametrize(
    ("written", "signal"),
    [
        ("'sum(up)'", Signal(name="x", query="sum(up)")),
        (
            "{query: up, unit: bytes, capacity: 512MiB}",
            Signal(name="x", query="up", unit="bytes", capacity=2.0**29),
        ),
        ("{query: up, capacity: 0.95}", Signal(name="x", query="up", capacity=0.95)),
        ("{query: up, capacity: 1e9}", Signal(name="x", query="up", capacity=1e9)),
        (
            "{query: up, capacity: 'max(limit)'}",
            Signal(name="x", query="up", capacity="max(limit)"),
        ),
        (
            "{query: up, capacity: '0.9 * max(limit)'}",
            Signal(name="x", query="up", capacity="0.9 * max(limit)"),
        ),
        (
            "{query: up, direction: Down, min_deviation: 0.5, min_relative_deviation: 10%}",
            Signal(
                name="x",
                query="up",
                direction=Direction.DOWN,
                min_deviation=0.5,
                min_relative_deviation=0.1,
            ),
        ),
        (
            "{query: up, unit: bytes, min_deviation: 16MiB}",
            Signal(name="x", query="up", unit="bytes", min_deviation=2.0**24),
        ),
        ("'rate(a{b=\"}\"}[5m])'", Signal(name="x", query='rate(a{b="}"}[5m])')),
    ],
)
def test_a_metric_is_promql_and_what_is_known_of_it(read, written: str, signal: Signal):
    assert service(read, f"metrics: {{x: {written}}}").signals == (signal,)


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("'sum(up'", "is not PromQL: '(' is never closed"),
        ("'sum)up('", "is not PromQL: ')' closes nothing"),
        ("'sum(up]'", "is not PromQL: ']' closes nothing"),
        ("'up{a=\"b}'", 'is not PromQL: a " is never closed'),
        ("''", "must be PromQL, not empty"),
        ("{unit: bytes}", "must be given"),
        ("{query: up, capacity: 12XB}", "must be a size such as 512MiB, 1GB or 200M, not '12XB'"),
        ("{query: up, capacity: 512m}", "write 512MiB or 512MB"),
        ("{query: up, capacity: 0}", "must be above 0, not '0'"),
        ("{query: up, capacity: ''}", "must be a number, a size such as 512MiB, or PromQL"),
        ("{query: up, capacity: 'max('}", "is not PromQL"),
        ("{query: up, direction: upp}", "must be one of up, down, both, not 'upp'; did you mean"),
        ("{query: up, min_deviation: -1}", "must be 0 or more, not '-1'"),
        ("{query: up, min_deviation: much}", "must be a size such as 512MiB, 1GB or 200M, not"),
        ("{query: up, min_relative_deviation: 2}", "must be from 0 to 1, not '2'"),
    ],
)
def test_a_metric_that_cannot_be_asked_for_is_refused(faults_of, written: str, what: str):
    (fault,) = faults_of(f"services: {{api: {{metrics: {{x: {written}}}}}}}")
    assert what in fault


def test_a_service_that_says_nothing_has_the_defaults_of_safety(read):
    api = service(read, "", "safety: {level: approve, limits: {budget: 5/10m, settle: 1m}}")
    assert api.level is Level.APPROVE
    assert api.limits == Limits(budget=5, budget_window=600 * SECONDS, settle=60 * SECONDS)
    assert (api.expect, api.critical, api.holds_data, api.hold) == (
        None,
        False,
        False,
        "",
    )


def test_what_a_service_says_wins_over_safety_key_by_key(read):
    api = service(
        read,
        "level: observe, critical: yes, data: on, expect: Completed, hold: being moved, "
        "limits: {cool_down: 0, stop_grace: 20}",
        "safety: {level: approve, limits: {cool_down: 5m, settle: 1m}}",
    )
    assert api.level is Level.OBSERVE
    assert api.limits == Limits(
        cool_down=timedelta(0), settle=60 * SECONDS, stop_grace=20 * SECONDS
    )
    assert (api.expect, api.critical, api.holds_data) == (Expect.COMPLETED, True, True)
    assert api.hold == "being moved"


@pytest.mark.parametrize(
    ("written", "hold"),
    [
        ("true", "held by the configuration"),
        ("no", ""),
        ("''", ""),
        ("moving house", "moving house"),
    ],
)
def test_a_hold_is_a_reason(read, written: str, hold: str):
    assert service(read, f"hold: {written}").hold == hold


@pytest.mark.parametrize(
    ("written", "budget", "window"),
    [("3/1h", 3, 3600), ("5/10m", 5, 600), ("2/h", 2, 3600), ("4", 4, 3600), ("3 per 90s", 3, 90)],
)
def test_a_budget_is_acts_within_a_time(read, written: str, budget: int, window: int):
    limits = service(read, f"limits: {{budget: {written}}}").limits
    assert (limits.budget, limits.budget_window) == (budget, window * SECONDS)


def test_dependencies_may_be_written_as_compose_writes_them(read):
    compose = "depends_on: {db: {condition: service_healthy}, cache: {condition: service_started}}"
    rest = "x-nothing: 1"
    assert service(read, compose, rest).depends_on == ("db", "cache")


def test_a_dependency_that_only_labels_can_name_is_noted(read):
    settings = read("services: {api: {depends_on: [db, cahce]}, db: {}, cache: {}}")
    (note,) = settings.notes
    assert str(note) == (
        "c.yaml:1: services.api.depends_on[1]: no service 'cahce' in this file: a container's "
        "labels must name it; did you mean 'cache'?"
    )


def test_circles_of_dependencies_are_noted_once(read):
    settings = read(
        "services:\n  a: {depends_on: [b]}\n  b: {depends_on: [c, d]}\n  c: {depends_on: [a]}\n"
        "  d: {depends_on: []}\n  e: {depends_on: [a]}\n"
    )
    (note,) = settings.notes
    assert str(note) == (
        "c.yaml:2: services.a.depends_on: depend on each other in a circle: a -> b -> c -> a"
    )


def test_a_service_that_only_dependencies_name_beside_others_is_noted(read):
    settings = read("services: {postgres: }\ndependencies: {critical_services: [postgrse]}")
    (note,) = settings.notes
    assert str(note) == (
        "c.yaml:2: dependencies.critical_services[0]: 'postgrse' is not under `services`: taken "
        "for a Compose service; did you mean 'postgres'?"
    )


def test_names_may_have_dashes_dots_and_digits(read):
    assert set(read("services: {my-api.v2: , 3proxy: , 42: }").stack().services) == {
        "my-api.v2",
        "3proxy",
        "42",
    }
