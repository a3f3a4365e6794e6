import pytest

from healing.incidents import Remedy
from healing.settings import waiting
from healing.settings.recovery_actions import RecoveryAction, recovery_action

BREAKER = "circuit_breakers: {{services: {{db: {{recovery_action: {word}}}}}}}\n"
PROCEDURES = """
recovery:
  procedures:
    again: {actions: [graceful_shutdown, start_service, validate_connectivity]}
    thorough: {actions: [graceful_shutdown, clear_cache, restart_service]}
    if_need_be: {actions: [validate_connectivity, restart_if_needed]}
    stop: {actions: [stop_service]}
actions:
  ours: {type: docker, command: "docker restart {service}"}
  named: {type: docker, command: "docker restart shop-db-1"}
  other: {type: docker, command: "docker restart shop-api-1"}
services:
  db: {target: {container: shop-db-1}}
"""


@pytest.mark.parametrize(
    ("word", "remedy", "is_whole"),
    [
        pytest.param("restart_service", Remedy.RESTART, True, id="a word"),
        pytest.param("start_service", Remedy.START, True, id="start"),
        pytest.param("ours", Remedy.RESTART, True, id="a command"),
        pytest.param("named", Remedy.RESTART, True, id="its own container by name"),
        pytest.param("again", Remedy.RESTART, True, id="a procedure that stops and starts"),
        pytest.param("if_need_be", None, True, id="what the diagnosis does anyway"),
        pytest.param("health_check", None, True, id="only a look"),
        pytest.param("other", None, False, id="somebody else's container"),
        pytest.param("thorough", None, False, id="a procedure of which we can do a part"),
        pytest.param("clear_cache", None, False, id="what is not carried out yet"),
    ],
)
def test_the_remedy_is_all_that_was_asked_for_or_left_to_the_diagnosis(
    read, word: str, remedy: Remedy | None, is_whole: bool
) -> None:
    settings = read(BREAKER.format(word=word) + PROCEDURES)
    assert recovery_action(settings, "db") == RecoveryAction(word, remedy, is_whole)


def test_the_default_holds_for_every_breaker_that_does_not_say_otherwise(read) -> None:
    settings = read(
        "circuit_breakers:\n"
        "  default: {recovery_action: restart_service}\n"
        "  services: {a: {recovery_action: start_service}, b: {timeout: 5s}}\n"
    )
    remedies = {name: recovery_action(settings, name) for name in ("a", "b", "unnamed")}
    assert {name: action and action.remedy for name, action in remedies.items()} == {
        "a": Remedy.START,
        "b": Remedy.RESTART,
        "unnamed": Remedy.RESTART,
    }


def test_without_one_nothing_is_done(read) -> None:
    assert recovery_action(read(""), "db") is None


def test_one_that_a_recovery_cannot_do_is_noted_and_one_that_it_can_is_not(read) -> None:
    noted = read(BREAKER.format(word="clear_cache") + "services: {db: {}}\n").notes
    assert [(note.path, note.place.line) for note in noted] == [
        ("circuit_breakers.services.db.recovery_action", 1)
    ]
    assert "clear_cache" in noted[0].what
    assert not read(BREAKER.format(word="restart_service") + "services: {db: {}}\n").notes


def test_one_of_a_name_that_is_no_service_is_noted(read) -> None:
    (note,) = read(
        "circuit_breakers: {services: {payments: {recovery_action: restart_service}}}\n"
        "services: {payment: {}}\n"
    ).notes
    assert "no service 'payments'" in note.what
    assert "did you mean 'payment'" in note.what


def test_it_waits_for_nothing_any_more(read) -> None:
    written = read(BREAKER.format(word="restart_service")).written()
    assert waiting(written) == {}
