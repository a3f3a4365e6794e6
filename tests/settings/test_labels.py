# ruff: noqa: E501 -- messages stand here whole, as an operator would search for them
"""Labels on containers say what the `services` section says."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    Service,
    Signal,
    Tcp,
)
from healing.settings import Labelled, Settings, service_from_labels
from healing.settings.labels import KNOWN_LABELS

SHOP_API = {"com.docker.compose.project": "shop", "com.docker.compose.service": "api"}
ON = {"healing.enable": "true"}


def labelled(container: str = "shop-api-1", **labels: str) -> Labelled:
    return service_from_labels(labels, container, Settings().defaults())


def service(**labels: str) -> Service:
    found = labelled(**ON, **labels)
    assert found.warnings == ()
    assert found.service is not None
    return found.service


def test_a_container_without_labels_of_ours_is_not_looked_after():
    assert labelled(**SHOP_API).service is None
    assert labelled(**SHOP_API).warnings == ()


@pytest.mark.parametrize("word", ["true", "True", "yes", "1", "on"])
def test_healing_enable_is_all_it_takes(word: str):
    found = labelled(**SHOP_API, **{"healing.enable": word})
    assert found.service == Service(name="api", target=ByCompose("api", "shop"))


def test_autoheal_is_accepted_for_those_who_come_from_there():
    found = labelled(**SHOP_API, **{"autoheal": "true", "autoheal.stop.timeout": "20"})
    assert found.service is not None
    assert found.service.limits.stop_grace == timedelta(seconds=20)
    assert found.warnings == ()


def test_our_own_label_wins_over_autoheal():
    assert labelled(**{"autoheal": "true", "healing.enable": "false"}).service is None
    both = service(**{"healing.stop_timeout": "5s", "autoheal.stop.timeout": "20"})
    assert both.limits.stop_grace == timedelta(seconds=5)


@pytest.mark.parametrize(
    ("labels", "name", "target"),
    [
        pytest.param({}, "shop-api-1", ByName("shop-api-1"), id="a plain container"),
        pytest.param(SHOP_API, "api", ByCompose("api", "shop"), id="a Compose service"),
        pytest.param(
            {**SHOP_API, "healing.service": "checkout"},
            "checkout",
            ByLabel("healing.service", "checkout"),
            id="a name of its own",
        ),
        pytest.param(
            {"healing.group": "web"}, "web", ByLabel("healing.group", "web"), id="a group"
        ),
        pytest.param(
            {"healing.group": "web", "healing.service": "front"},
            "front",
            ByLabel("healing.group", "web"),
            id="a group with a name",
        ),
    ],
)
def test_a_service_has_a_name_and_a_target(labels: dict[str, str], name: str, target: object):
    found = service(**labels)
    assert (found.name, found.target) == (name, target)


def test_every_label_means_its_key():
    found = service(
        **SHOP_API,
        **{
            "healing.level": "approve",
            "healing.critical": "true",
            "healing.data": "yes",
            "healing.expect": "completed",
            "healing.hold": "being moved",
            "healing.depends_on": "db, cache",
            "healing.budget": "2/30m",
            "healing.cool_down": "5m",
            "healing.settle": "45s",
            "healing.stable_for": "1m",
            "healing.verify_within": "10m",
            "healing.stop_timeout": "20",
            "healing.probe": "http://:8080/health | tcp://:9000 | exec:check --all",
            "healing.probe.interval": "10s",
            "healing.probe.timeout": "3s",
            "healing.probe.threshold": "5",
            "healing.metric.memory": "max(memory)",
            "healing.metric.memory.unit": "bytes",
            "healing.metric.memory.capacity": "1GiB",
            "healing.metric.memory.direction": "both",
            "healing.metric.memory.min_deviation": "64MiB",
            "healing.metric.memory.min_relative_deviation": "20%",
            "healing.metric.requests": "sum(rate(requests[1m]))",
        },
    )
    how = {"every": timedelta(seconds=10), "timeout": timedelta(seconds=3), "failures": 5}
    assert found == Service(
        name="api",
        target=ByCompose("api", "shop"),
        probes=(
            Probe(check=Http("http://:8080/health"), **how),
            Probe(check=Tcp(9000), **how),
            Probe(check=Exec(("check", "--all")), **how),
        ),
        signals=(
            Signal(
                name="memory",
                query="max(memory)",
                unit="bytes",
                capacity=2.0**30,
                direction=Direction.BOTH,
                min_deviation=2.0**26,
                min_relative_deviation=0.2,
            ),
            Signal(name="requests", query="sum(rate(requests[1m]))"),
        ),
        depends_on=("db", "cache"),
        level=Level.APPROVE,
        limits=Limits(
            cool_down=timedelta(minutes=5),
            budget=2,
            budget_window=timedelta(minutes=30),
            settle=timedelta(seconds=45),
            stable_for=timedelta(minutes=1),
            verify_within=timedelta(minutes=10),
            stop_grace=timedelta(seconds=20),
        ),
        expect=Expect.COMPLETED,
        critical=True,
        holds_data=True,
        hold="being moved",
    )


def test_what_labels_do_not_say_is_as_the_file_says_for_all(read):
    settings = read(
        "safety: {level: recommend, limits: {budget: 1/1h}}\nrecovery: {health_check_interval: 9s}"
    )
    labels = {**ON, "healing.probe": "tcp://:1", "healing.settle": "5s"}
    found = service_from_labels(labels, "x", settings.defaults()).service
    assert found is not None
    assert found.level is Level.RECOMMEND
    assert (found.limits.budget, found.limits.settle) == (1, timedelta(seconds=5))
    assert found.probes[0].every == timedelta(seconds=9)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("mysql:service_healthy:false,redis:service_started:true", ("mysql", "redis")),
        ("postgres", ("postgres",)),
        ("db,cache", ("db", "cache")),
        ("", ()),
        (" , ", ()),
    ],
)
def test_what_compose_says_about_dependencies_is_read_in_all_its_forms(
    text: str, names: tuple[str, ...]
):
    found = labelled(**ON, **{"com.docker.compose.depends_on": text})
    assert found.compose_dependencies == names


WRONG = [
    (
        "healing.levle",
        "observe",
        "healing.levle=observe: there is no such label; did you mean 'healing.level'?",
    ),
    (
        "healing.level",
        "observ",
        "healing.level: must be one of observe, recommend, approve, auto, not 'observ'; did you mean 'observe'?",
    ),
    (
        "healing.critical",
        "ture",
        "healing.critical: must be true or false, not 'ture'; did you mean 'true'?",
    ),
    (
        "healing.expect",
        "complete",
        "healing.expect: must be one of running, completed, not 'complete'; did you mean 'completed'?",
    ),
    (
        "healing.budget",
        "some",
        "healing.budget: must be like 3/1h (three acts in an hour), not 'some'",
    ),
    (
        "healing.stop_timeout",
        "long",
        "healing.stop_timeout: must be a duration such as 250ms, 30s, 1h30m or 7d, not 'long'",
    ),
    (
        "autoheal.stop.timeout",
        "long",
        "autoheal.stop.timeout: must be a duration such as 250ms, 30s, 1h30m or 7d, not 'long'",
    ),
    (
        "healing.probe",
        "ping",
        "healing.probe: must begin with http://, https://, tcp:// or exec:, not 'ping'",
    ),
    ("healing.probe", "tcp://:x", "healing.probe: must be like tcp://:5432, not 'tcp://:x'"),
    (
        "healing.probe",
        "exec:sh -c reboot",
        "healing.probe: no shell ever runs what a file says: name the program itself, or a script in the image",
    ),
    (
        "healing.probe.interval",
        "5s",
        "healing.probe.* says how to ask, and healing.probe is missing",
    ),
    (
        "healing.probe.retries",
        "5",
        "healing.probe.retries=5: there is no such label; did you mean 'healing.probe.timeout'?",
    ),
    ("healing.metric.memory", "max(", "healing.metric.memory: is not PromQL: '(' is never closed"),
    (
        "healing.metric.memory.limit",
        "5",
        "healing.metric.memory.limit=5: there is no such label; did you mean 'healing.metric.<name>.unit'?",
    ),
    ("healing.metric.memory.unit", "bytes", "healing.metric.memory: must be given"),
    (
        "healing.service",
        "my api!",
        "healing.service: 'my api!' is no name: use letters, digits, '-', '_' and '.', up to 128",
    ),
    (
        "healing.depends_on",
        "d b",
        "healing.depends_on: 'd b' is no name: use letters, digits, '-', '_' and '.', up to 128",
    ),
    (
        "heal.level",
        "observe",
        "heal.level=observe: means nothing to us; did you mean 'healing.level'?",
    ),
    (
        "Healing.level",
        "observe",
        "Healing.level=observe: means nothing to us; did you mean 'healing.level'?",
    ),
]


@pytest.mark.parametrize(("label", "value", "warning"), WRONG)
def test_a_label_that_cannot_be_understood_warns_and_leaves_it_at_observing(
    label: str, value: str, warning: str
):
    found = labelled("c", **ON, **{label: value})
    assert found.warnings[0] == f"container 'c': {warning}"
    assert found.warnings[-1] == "container 'c': it is only observed until this is put right"
    assert found.service is not None
    assert found.service.level is Level.OBSERVE


@pytest.mark.parametrize(
    ("label", "value", "warning"),
    [
        (
            "healing.enabel",
            "true",
            "healing.enabel=true: there is no such label; did you mean 'healing.enable'?",
        ),
        (
            "healing.enable",
            "ture",
            "healing.enable: must be true or false, not 'ture'; did you mean 'true'?; it is not looked after",
        ),
        (
            "autoheal",
            "ture",
            "autoheal: must be true or false, not 'ture'; did you mean 'true'?; it is not looked after",
        ),
        (
            "heal.enable",
            "true",
            "heal.enable=true: means nothing to us; did you mean 'healing.enable'?",
        ),
    ],
)
def test_a_slip_in_enable_warns_and_is_not_taken_for_a_yes(label: str, value: str, warning: str):
    found = labelled("c", **{label: value})
    assert found.service is None
    assert found.warnings[0] == f"container 'c': {warning}"


def test_a_good_label_beside_a_bad_one_still_counts():
    found = labelled(**ON, **{"healing.budget": "some", "healing.data": "true"}).service
    assert found is not None
    assert found.holds_data is True
    assert found.limits == Limits()


def test_a_warning_stays_on_its_line_and_shows_no_password():
    (warning, _) = labelled(**ON, **{"healing.a\n\x1b": "redis://:hunter2@x"}).warnings
    assert r"healing.a\n\x1b=redis://***@x: there is no such label" in warning


def test_labels_of_others_are_none_of_our_business():
    assert labelled(**ON, **SHOP_API, **{"traefik.enable": "ture", "heals": "x"}).warnings == ()


def test_an_empty_label_says_nothing():
    labels = dict.fromkeys((name for name in KNOWN_LABELS if "<" not in name), "")
    del labels["healing.enable"]
    assert service(**labels) == service()


def test_a_container_of_compose_run_is_left_alone():
    assert labelled(**ON, **SHOP_API, **{"com.docker.compose.oneoff": "True"}).service is None
    assert labelled(**ON, **SHOP_API, **{"com.docker.compose.oneoff": "False"}).service is not None


@given(
    st.dictionaries(
        st.sampled_from([name for name in KNOWN_LABELS if "<" not in name])
        | st.text(max_size=8).map("healing.".__add__),
        st.text(max_size=12) | st.sampled_from(["true", "5s", "a,b", "tcp://:1", "$(id)", "\n"]),
    )
)
def test_whatever_labels_say_there_is_an_answer(labels: dict[str, str]):
    found = labelled(**labels)
    assert found.service is None or found.service.name
