from datetime import timedelta

import pytest

from healing.watching.fading import Fading

HOUR = timedelta(hours=1)


@pytest.fixture
def seen() -> Fading[str, int]:
    return Fading[str, int](HOUR)


def test_the_newest_value_of_each_is_kept(seen: Fading[str, int]) -> None:
    seen.keep("api", 1, at=0)
    seen.keep("shop", 2, at=0)
    seen.keep("api", 3, at=60)

    assert (seen.get("api"), seen.get("shop"), seen.get("cache")) == (3, 2, None)


def test_those_that_vanished_are_forgotten_while_others_go_on(seen: Fading[str, int]) -> None:
    for minute in range(100):
        seen.keep("api", minute, at=60 * minute)
        if minute < 10:
            seen.keep(f"short-lived {minute}", minute, at=60 * minute)

    assert [minute for minute in range(10) if seen.get(f"short-lived {minute}")] == []
    assert seen.get("api") == 99


def test_after_a_break_of_all_what_comes_in_again_is_kept(seen: Fading[str, int]) -> None:
    for at in (0, 10 * 3600):
        seen.keep("api", at, at=at)
        seen.keep("shop", at, at=at)

    assert (seen.get("api"), seen.get("shop")) == (36_000, 36_000)


def test_a_clock_that_was_put_back_loses_nothing_that_goes_on(seen: Fading[str, int]) -> None:
    seen.keep("api", 1, at=100_000)
    seen.keep("shop", 1, at=100_000)
    seen.keep("api", 2, at=0)
    seen.keep("shop", 2, at=0)

    assert (seen.get("api"), seen.get("shop")) == (2, 2)
