"""The catalogue of what leaks, and of what only looks like it."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healing.leak import Because, Leak, Spread, compare_peers, find_leak
from healing.names import InstanceName, SignalName
from tests.metrics import DAY, EPOCH, MEMORY, MIB, NOON, history_of

LIMIT = 512 * MIB
ROWS = 24 * 60
LOAD, RESIDENT = SignalName("load"), SignalName("resident")


def quiet(rows: int = ROWS, *, level: float = 120.0, seed: int = 0) -> np.ndarray:
    return MIB * (level + 1.5 * np.random.default_rng(seed).standard_normal(rows))


def leaking(per_minute: float, minutes: int, *, level: float = 120.0, seed: int = 0) -> np.ndarray:
    memory = quiet(level=level, seed=seed)
    memory[-minutes:] += MIB * per_minute * np.arange(minutes)
    return memory


def teeth(rows: int = ROWS, *, period: int = 30, height: float = 60.0) -> np.ndarray:
    return MIB * height * (np.arange(rows) % period) / period


def warm_up() -> np.ndarray:
    memory = quiet()
    memory[-600:] -= MIB * 90 * np.exp(-np.arange(600) / 60)
    return memory


def days(count: int = 3) -> np.ndarray:
    times = EPOCH - 60 * np.arange(count * ROWS)[::-1]
    return quiet(count * ROWS, level=250) + MIB * 120 * np.sin(2 * np.pi * times / DAY)


def of(memory: np.ndarray, *, limit: float = LIMIT, **more: object) -> Leak:
    return find_leak(history_of(60, memory=memory), MEMORY, limit, now=NOON, unit="bytes", **more)


@pytest.mark.parametrize("per_minute", [0.3, 0.6, 1.0], ids=lambda rate: f"{rate} MiB/min")
def test_a_slow_leak_is_found_with_its_rate_within_its_interval(per_minute: float) -> None:
    leak = of(leaking(per_minute, 300))

    assert leak.because is Because.LEAK
    assert leak.least <= leak.rate <= leak.most
    assert leak.rate == pytest.approx(per_minute * MIB / 60, rel=0.15)
    assert leak.full_in is not None
    assert "what it never gives back has grown by" in leak.reason


@pytest.mark.parametrize("per_minute", [5, 20], ids=lambda rate: f"{rate} MiB/min")
def test_a_leak_into_a_small_limit_is_found_within_its_first_hours(per_minute: float) -> None:
    limit = per_minute * 24 * 60 * MIB

    assert of(leaking(per_minute, 120), limit=limit).leaks


def test_a_leak_under_a_garbage_collector_is_found() -> None:
    assert of(leaking(0.5, 480) + teeth()).leaks


def test_a_leak_is_found_again_after_a_restart() -> None:
    memory = leaking(0.5, 1200)
    memory[-500:] -= MIB * 0.5 * 700
    restarted = NOON - timedelta(minutes=500)

    leak = of(memory, restarts=[restarted])

    assert leak.leaks
    assert leak.rate == pytest.approx(0.5 * MIB / 60, rel=0.15)


@pytest.mark.parametrize(
    ("memory", "because"),
    [
        pytest.param(quiet(), {Because.STEADY}, id="flat"),
        pytest.param(np.full(ROWS, 100 * MIB), {Because.STEADY}, id="constant"),
        pytest.param(warm_up(), {Because.STEADY, Because.PLATEAU}, id="warm-up, then a plateau"),
        pytest.param(
            days()[: 2 * ROWS + 700],
            {Because.SEASONAL, Because.STEADY, Because.PLATEAU},
            id="memory follows the traffic of the day",
        ),
        pytest.param(quiet() + teeth(), {Because.STEADY}, id="garbage collected"),
        pytest.param(
            np.r_[quiet(900), quiet(540, level=300, seed=1)],
            {Because.STEADY, Because.STEP, Because.PLATEAU},
            id="a step",
        ),
        pytest.param(leaking(0.002, 1440), {Because.STEADY, Because.SLIGHT}, id="hardly grows"),
        pytest.param(np.full(ROWS, np.nan), {Because.TOO_LITTLE}, id="never measured"),
        pytest.param(quiet(30), {Because.TOO_LITTLE}, id="just started"),
    ],
)
def test_what_only_looks_like_a_leak_is_none(memory: np.ndarray, because: set[Because]) -> None:
    leak = of(memory)

    assert leak.because in because
    assert leak.full_in is None


def test_nothing_is_said_of_what_was_started_with_the_newest_row() -> None:
    assert of(leaking(1.0, 300), restarts=[NOON]).because is Because.TOO_LITTLE


def test_page_cache_that_grows_is_no_leak_when_the_program_does_not() -> None:
    history = history_of(60, memory=leaking(0.5, 600), resident=quiet(seed=3))

    assert find_leak(history, MEMORY, LIMIT, now=NOON).leaks
    found = find_leak(history, MEMORY, LIMIT, now=NOON, resident=RESIDENT)

    assert found.because is Because.CACHE


def test_a_leak_of_the_program_itself_is_one_whatever_the_page_cache_does() -> None:
    memory = leaking(0.5, 600)
    history = history_of(60, memory=memory + 50 * MIB, resident=memory)

    assert find_leak(history, MEMORY, LIMIT, now=NOON, resident=RESIDENT).leaks


def test_growth_along_with_load_is_no_leak_and_growth_beside_it_is() -> None:
    random = np.random.default_rng(5)
    load = 100 + 5 * random.standard_normal(ROWS)
    load[-600:] += 0.3 * np.arange(600)
    memory = quiet() + MIB * (load - 100)

    driven = history_of(60, memory=memory, load=load)
    beside = history_of(60, memory=leaking(0.5, 600), load=100 + 5 * random.standard_normal(ROWS))

    assert find_leak(driven, MEMORY, LIMIT, now=NOON).leaks
    assert find_leak(driven, MEMORY, LIMIT, now=NOON, load=LOAD).because is Because.LOAD
    assert find_leak(beside, MEMORY, LIMIT, now=NOON, load=LOAD).leaks


def peers(*leaks: bool) -> dict[InstanceName, Leak]:
    return {
        InstanceName(f"web-{number}"): of(
            leaking(0.5, 600, seed=number) if leaks_too else quiet(seed=number)
        )
        for number, leaks_too in enumerate(leaks, start=1)
    }


@pytest.mark.parametrize(
    ("leaks", "spread"),
    [
        pytest.param((False, True, False), Spread.ONE, id="one of three"),
        pytest.param((True, True, True), Spread.ALL, id="all of three"),
        pytest.param((True,), Spread.ALONE, id="it has no peers"),
        pytest.param((False, False), Spread.NONE, id="none"),
    ],
)
def test_peers_tell_an_unlucky_replica_from_a_bad_release(
    leaks: tuple[bool, ...], spread: Spread
) -> None:
    compared = compare_peers(peers(*leaks))

    assert compared.spread is spread
    assert len(compared.leaking) == sum(leaks)
    assert compared.reason


@settings(max_examples=15, deadline=None)
@given(st.sampled_from([2.0**power for power in range(-20, 21)]))
def test_the_unit_of_measure_does_not_matter(scale: float) -> None:
    memory = leaking(0.5, 480)

    one, other = of(memory), of(memory * scale, limit=LIMIT * scale)

    assert other.because is one.because
    assert other.rate == pytest.approx(one.rate * scale, rel=1e-4)
    assert other.full_in == one.full_in


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 400), st.floats(0, 1e9))
def test_the_future_is_not_looked_at(rows: int, future: float) -> None:
    memory = leaking(0.5, 480)
    altered = memory.copy()
    altered[-rows:] = future
    now = NOON - timedelta(minutes=rows)

    found = [
        find_leak(history_of(60, memory=values), MEMORY, LIMIT, now=now)
        for values in (memory, altered)
    ]

    assert str(found[0]) == str(found[1])
