import pytest

from healing.finding import Kind
from healing.instances import Health, RestartPolicy, Status, What
from healing.listeners.signs import sign_of_happening, sign_of_state
from tests.stories import DIED, NOON, exited, happened, running, service

DEATH = DIED[0]
ALWAYS = running(restart_policy=RestartPolicy.ALWAYS)
ON_FAILURE = running(restart_policy=RestartPolicy.ON_FAILURE)
THREE = tuple(happened(What.DIED, ago, exit_code=1) for ago in (40, 20, 1))


@pytest.mark.parametrize(
    ("happening", "lately", "instance", "kind"),
    [
        pytest.param(DEATH, DIED, running(), Kind.EXITED, id="a death"),
        pytest.param(DEATH, DIED, ALWAYS, None, id="a death that Docker mends"),
        pytest.param(THREE[-1], THREE, ALWAYS, Kind.EXITED, id="Docker mends it again and again"),
        pytest.param(DEATH, DIED, ON_FAILURE, None, id="a failure that Docker mends"),
        pytest.param(
            happened(What.DIED, 1, exit_code=0),
            DIED,
            ON_FAILURE,
            Kind.EXITED,
            id="a good end, which on-failure does not mend",
        ),
        pytest.param(
            happened(What.UNHEALTHY, 1), (), running(), Kind.UNHEALTHY, id="its HEALTHCHECK fails"
        ),
        pytest.param(happened(What.STARTED, 1), (), running(), None, id="a start"),
        pytest.param(happened(What.HEALTHY, 1), (), running(), None, id="healthy again"),
        pytest.param(happened(What.SIGNALLED, 1, signal=15), (), running(), None, id="a signal"),
    ],
)
def test_what_a_happening_is_a_sign_of(happening, lately, instance, kind) -> None:
    sign = sign_of_happening(happening, lately, instance, service())
    assert (sign.kind if sign else None) is kind


@pytest.mark.parametrize(
    ("instance", "kind"),
    [
        pytest.param(exited(1), Kind.EXITED, id="found ended"),
        pytest.param(exited(0), Kind.EXITED, id="found ended well: the diagnosis tells"),
        pytest.param(running(health=Health.UNHEALTHY), Kind.UNHEALTHY, id="found unhealthy"),
        pytest.param(running(), None, id="found running"),
        pytest.param(running(status=Status.PAUSED), None, id="found paused"),
        pytest.param(running(status=Status.CREATED), None, id="created and never started"),
    ],
)
def test_what_a_state_is_a_sign_of(instance, kind) -> None:
    sign = sign_of_state(instance, service(), NOON)
    assert (sign.kind if sign else None) is kind
