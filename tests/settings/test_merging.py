"""One stack from the file and from labels: the file wins, key by key."""

from datetime import timedelta

from healing.services import ByCompose, ByLabel, ByName, Level, Tcp
from healing.settings import Labelled, Merged, Settings, merge, service_from_labels


def container(name: str, *, of: str = "", enable: str = "true", **labels: str) -> Labelled:
    """Make a container; `of` is its Compose project and service."""
    project, _, service = of.partition("/")
    compose = {"com.docker.compose.project": project, "com.docker.compose.service": service}
    ours = {f"healing.{key}": value for key, value in labels.items() if not key.startswith("com_")}
    needs = {"com.docker.compose.depends_on": labels.get("com_depends_on", "")}
    every = {**(compose if of else {}), **ours, **needs}
    if enable:
        every["healing.enable"] = enable
    return service_from_labels(every, name, Settings().defaults())


def names(merged: Merged) -> dict[str, object]:
    return {name: service.target for name, service in merged.stack.services.items()}


def test_labels_alone_make_a_stack():
    merged = merge(
        Settings(),
        [
            container("shop-db-1", of="shop/db", data="true"),
            container("shop-api-1", of="shop/api", com_depends_on="db:service_healthy:false"),
            container("shop-api-2", of="shop/api", com_depends_on="db:service_healthy:false"),
            container("lonely"),
            container("not-ours", of="shop/other", enable=""),
        ],
    )
    assert merged.warnings == ()
    assert names(merged) == {
        "db": ByCompose("db", "shop"),
        "api": ByCompose("api", "shop"),
        "lonely": ByName("lonely"),
    }
    assert merged.stack.services["api"].depends_on == ("db",)
    assert merged.stack.services["db"].holds_data


def test_the_file_wins_key_by_key(read):
    settings = read(
        "safety: {limits: {settle: 9s}}\n"
        "services: {api: {target: shop/api, level: approve, limits: {budget: 1/1h}}}"
    )
    labels = {"level": "auto", "critical": "true", "budget": "9/1h", "cool_down": "7s"}
    merged = merge(settings, [container("shop-api-1", of="shop/api", probe="tcp://:1", **labels)])
    api = merged.stack.services["api"]
    assert api.level is Level.APPROVE
    assert api.critical is True
    assert [probe.check for probe in api.probes] == [Tcp(1)]
    assert (api.limits.budget, api.limits.cool_down) == (1, timedelta(seconds=7))
    assert api.limits.settle == timedelta(seconds=9)


def test_what_the_file_writes_wins_even_when_it_is_the_default(read):
    settings = read("services: {api: {target: shop/api, critical: false, probes: []}}")
    merged = merge(settings, [container("a", of="shop/api", critical="true", probe="tcp://:1")])
    assert merged.stack.services["api"].critical is False
    assert merged.stack.services["api"].probes == ()


def test_a_container_belongs_to_the_service_of_the_file_that_finds_it(read):
    settings = read(
        "services: {checkout: {target: shop/api}, cache: {target: {container: redis-1}}, "
        "jobs: {target: {label: healing.group=jobs}}}"
    )
    merged = merge(
        settings,
        [
            container("shop-api-1", of="shop/api", critical="true"),
            container("redis-1", critical="true"),
            container("job-7", group="jobs", critical="true"),
        ],
    )
    assert set(merged.stack.services) == {"checkout", "cache", "jobs"}
    assert all(service.critical for service in merged.stack.services.values())


def test_labels_count_without_enable_where_the_file_names_the_service(read):
    settings = read("services: {api: }")
    merged = merge(settings, [container("a", of="shop/api", enable="", critical="true")])
    assert merged.stack.services["api"].critical is True
    assert merged.warnings == ()


def test_a_file_without_a_target_keeps_finding_the_service_in_any_project(read):
    settings = read("services: {api: }")
    merged = merge(settings, [container("a", of="shop/api"), container("b", of="blog/api")])
    assert names(merged) == {"api": ByCompose("api")}


def test_labels_say_where_a_service_is_that_the_file_only_names(read):
    settings = read("services: {checkout: {critical: true}}")
    merged = merge(settings, [container("shop-api-1", of="shop/api", service="checkout")])
    assert names(merged) == {"checkout": ByLabel("healing.service", "checkout")}
    assert merged.stack.services["checkout"].critical is True


def test_a_container_that_refuses_puts_its_service_on_hold(read):
    settings = read("services: {api: {target: shop/api}}")
    containers = [
        container("a", of="shop/api", enable="false"),
        container("b", of="shop/api", critical="true"),
    ]
    merged = merge(settings, containers)
    why = "container 'a' says healing.enable=false"
    assert merged.stack.services["api"].hold == why
    assert merged.stack.services["api"].critical is True
    assert merged.warnings[0] == f"{why}: service 'api' is left alone"
    assert merge(settings, reversed(containers)) == merged


def test_a_hold_in_the_file_wins_over_a_container_that_refuses(read):
    settings = read("services: {api: {target: shop/api, hold: ''}}")
    merged = merge(settings, [container("a", of="shop/api", enable="false")])
    assert merged.stack.services["api"].hold == ""


def test_a_container_that_refuses_and_that_nobody_names_is_not_looked_after():
    assert merge(Settings(), [container("a", of="shop/api", enable="false")]) == merge(
        Settings(), []
    )


def test_labels_without_enable_that_nobody_names_are_warned_about():
    merged = merge(Settings(), [container("a", enable="", level="auto")])
    assert merged.stack.services == {}
    assert "neither healing.enable=true nor a place in the file" in merged.warnings[0]


def test_two_projects_with_a_service_of_one_name_are_two_services():
    merged = merge(Settings(), [container("a", of="shop/api"), container("b", of="blog/api")])
    assert names(merged) == {
        "shop-api": ByCompose("api", "shop"),
        "blog-api": ByCompose("api", "blog"),
    }
    assert "several services are called 'api': container 'a'" in merged.warnings[0]


def test_a_name_that_the_file_has_given_to_other_containers_is_not_taken(read):
    settings = read("services: {api: {target: shop/api}}")
    merged = merge(settings, [container("b", of="blog/api"), container("api")])
    assert names(merged) == {"api": ByCompose("api", "shop"), "blog-api": ByCompose("api", "blog")}
    assert "container 'api' is not looked after" in "".join(merged.warnings)


def test_replicas_with_different_labels_are_warned_about_and_the_first_holds():
    merged = merge(
        Settings(),
        [container("b", of="s/api", level="auto"), container("a", of="s/api", level="observe")],
    )
    assert merged.stack.services["api"].level is Level.OBSERVE
    assert merged.warnings == (
        "containers 'a' and 'b' of service 'api' have different labels: those of 'a' hold",
    )


def test_a_replica_without_labels_does_not_silence_the_others(read):
    settings = read("services: {api: {target: shop/api}}")
    labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": "api"}
    a, c = (service_from_labels(labels, name, settings.defaults()) for name in ("a", "c"))
    merged = merge(settings, [a, container("b", of="shop/api", critical="true"), c])
    assert merged.stack.services["api"].critical is True
    assert merged.warnings == ()


def test_compose_dependencies_are_added_under_our_names(read):
    settings = read("services: {store: {target: shop/db}, api: {target: shop/api}}")
    merged = merge(
        settings,
        [
            container("db", of="shop/db", enable=""),
            container("api", of="shop/api", enable="", com_depends_on="db,unknown,api"),
        ],
    )
    assert merged.stack.services["api"].depends_on == ("store",)
    assert merged.warnings == ()


def test_compose_dependencies_stay_within_their_project():
    merged = merge(
        Settings(),
        [container("a", of="shop/api", com_depends_on="db"), container("b", of="blog/db")],
    )
    assert merged.stack.services["api"].depends_on == ()


def test_dependencies_in_the_file_win_over_compose(read):
    settings = read("services: {api: {target: shop/api, depends_on: []}}")
    merged = merge(
        settings,
        [container("a", of="shop/api", com_depends_on="db"), container("b", of="shop/db")],
    )
    assert merged.stack.services["api"].depends_on == ()


def test_a_dependency_that_nothing_names_is_left_out_with_a_warning(read):
    settings = read("services: {api: {depends_on: [db, gone]}}")
    merged = merge(settings, [container("b", of="shop/db")])
    assert merged.stack.services["api"].depends_on == ("db",)
    assert merged.warnings == ("service 'api' depends on 'gone', which nothing names",)


def test_the_stack_is_the_same_in_whatever_order_containers_come():
    containers = [container(f"c{n}", of=f"p{n % 3}/api", budget=f"{n + 1}/1h") for n in range(6)]
    assert merge(Settings(), containers) == merge(Settings(), reversed(containers))
