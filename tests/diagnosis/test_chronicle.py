from datetime import timedelta

from healing.diagnosis import Chronicle, was_asked_to_stop, was_killed
from healing.diagnosis.chronicle import KEEP_PER_CONTAINER, deaths
from healing.instances import What
from tests.stories import API_1, DIED, KILLED, NOON, STOPPED, happened


def test_a_stop_is_told_from_a_kill_by_the_signal_that_asked() -> None:
    assert was_asked_to_stop(STOPPED)
    assert not was_asked_to_stop(KILLED)
    assert was_killed(KILLED)
    assert not was_killed(STOPPED)


def test_a_crash_is_neither() -> None:
    assert not was_asked_to_stop(DIED)
    assert not was_killed(DIED)


def test_a_stop_is_over_once_somebody_starts_it_again() -> None:
    assert not was_asked_to_stop((*STOPPED, happened(What.STARTED, 0.5)))


def test_a_crash_after_a_restart_by_hand_is_a_crash() -> None:
    restarted_then_crashed = (
        happened(What.SIGNALLED, 600, signal=15),
        happened(What.DIED, 599),
        happened(What.STARTED, 598),
        happened(What.DIED, 1, exit_code=1),
    )
    assert not was_asked_to_stop(restarted_then_crashed)


def test_the_same_happening_after_a_reconnect_is_taken_in_once() -> None:
    chronicle = Chronicle()

    assert chronicle.add(DIED[0])
    assert not chronicle.add(DIED[0])
    assert chronicle.of(API_1) == DIED


def test_it_remembers_a_bounded_number_of_happenings() -> None:
    chronicle = Chronicle()
    for ago in range(1_000, 0, -1):
        chronicle.add(happened(What.DIED, ago))

    assert len(chronicle.of(API_1)) == KEEP_PER_CONTAINER


def test_containers_that_are_gone_are_forgotten_after_an_hour() -> None:
    chronicle = Chronicle()
    chronicle.add(happened(What.DIED, 7200, name="old"))
    chronicle.add(happened(What.DIED, 60, name="fresh"))
    chronicle.add(happened(What.DIED, 7200, name="kept"))
    chronicle.forget(keep=["kept"])

    assert not chronicle.of("old")
    assert chronicle.of("fresh")
    assert chronicle.of("kept")


def test_deaths_are_counted_within_a_window() -> None:
    died = tuple(happened(What.DIED, ago) for ago in (90, 50, 10))
    assert deaths(died, since=NOON - timedelta(seconds=60)) == 2


def test_a_death_that_somebody_asked_for_is_none_of_a_loop() -> None:
    restarted = tuple(
        happened(what, ago - part, signal=15 if what is What.SIGNALLED else None)
        for ago in (50, 30, 10)
        for part, what in enumerate((What.SIGNALLED, What.DIED, What.STOPPED, What.STARTED))
    )
    crashed = (*restarted, happened(What.DIED, 1))
    assert deaths(crashed, since=NOON - timedelta(seconds=60)) == 1
