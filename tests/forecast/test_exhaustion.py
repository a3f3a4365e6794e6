from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healing.forecast import Exhaustion, Outlook, forecast_exhaustion
from healing.history import History
from tests.metrics import DAY, EPOCH, MEMORY, MIB, NOON, history_of

LIMIT = 256 * MIB
HALF_AN_HOUR = timedelta(minutes=30)


def quiet(rows: int, *, level: float = 30.0, noise: float = 0.3, seed: int = 0) -> np.ndarray:
    return MIB * (level + noise * np.random.default_rng(seed).standard_normal(rows))


def forecast(
    memory: np.ndarray,
    *,
    step: int = 15,
    now: datetime = NOON,
    window: timedelta = HALF_AN_HOUR,
    capacity: float = LIMIT,
    **more: object,
) -> Exhaustion:
    history = history_of(step, memory=memory)
    return forecast_exhaustion(
        history, MEMORY, capacity, now=now, window=window, unit="bytes", **more
    )


def rows_until_told(
    memory: np.ndarray, begins: int, *, step: int = 15, window: timedelta = HALF_AN_HOUR
) -> int | None:
    """Replay row by row, and count the rows from `begins` until exhaustion is told."""
    for row in range(begins, len(memory)):
        if forecast(memory[: row + 1], step=step, window=window).exhausts:
            return row - begins
    return None


def alarms(memory: np.ndarray, *, step: int, every: int, **more: object) -> list[str]:
    return [
        outlook.reason
        for row in range(40, len(memory), every)
        if (outlook := forecast(memory[: row + 1], step=step, **more)).exhausts
    ]


@pytest.mark.parametrize("step", [5, 10, 15, 30])
@pytest.mark.parametrize("speed", [1.0, 2.0], ids=["1 MiB/s", "2 MiB/s"])
def test_a_fast_leak_after_quiet_hours_is_told_within_five_rows(step: int, speed: float) -> None:
    rows = 6 * 3600 // step
    memory = quiet(rows + 12)
    memory[rows:] += MIB * speed * step * np.arange(0.5, 12)

    told_after = rows_until_told(memory, rows, step=step)

    assert told_after is not None
    assert told_after <= 4 or told_after * step <= 30


@pytest.mark.parametrize(
    "memory",
    [
        pytest.param(quiet(1440), id="flat"),
        pytest.param(quiet(1440, level=200, noise=8), id="noisy, near the limit"),
        pytest.param(quiet(1440) + np.arange(1440) % 40 * MIB, id="garbage collected all the time"),
        pytest.param(
            quiet(1440) + MIB * np.cumsum(np.random.default_rng(4).standard_normal(1440)),
            id="wandering",
        ),
        pytest.param(np.full(1440, 100 * MIB), id="constant"),
        pytest.param(quiet(1440) + 60 * MIB * (np.sin(np.arange(1440) / 230) + 1), id="slow waves"),
    ],
)
def test_quiet_hours_stay_quiet(memory: np.ndarray) -> None:
    assert not alarms(memory, step=15, every=7)


def test_a_burst_of_two_rows_is_no_trend() -> None:
    memory = quiet(1000)
    memory[900] += 40 * MIB
    memory[901:] += 80 * MIB

    assert not alarms(memory[:1000], step=15, every=1)[-120:]


@pytest.mark.parametrize("warm", [100, 160], ids=["to where it was", "to more than before"])
def test_warming_up_after_a_restart_is_no_leak(warm: int) -> None:
    memory = quiet(1000, level=100)
    memory[900:] = quiet(100, level=warm)
    memory[900:908] = MIB * warm * np.arange(0.05, 1, 0.12)[:8]

    assert not alarms(memory, step=15, every=1)


def test_coming_back_to_where_it_usually_stands_is_no_leak() -> None:
    memory = quiet(1000, level=150)
    memory[850:900] = np.linspace(150, 110, 50) * MIB
    memory[900:906] = np.linspace(112, 148, 6) * MIB

    assert not alarms(memory, step=15, every=1)


def test_wandering_is_no_trend_even_before_it_is_well_known() -> None:
    for seed in range(8):
        steps = np.random.default_rng(seed).standard_normal(400)
        wandering = np.minimum(180 + 4 * np.cumsum(steps), 250) * MIB

        assert not alarms(wandering, step=15, every=6)


def test_what_grew_for_a_minute_says_nothing_of_the_next_hour() -> None:
    memory = quiet(1440)
    memory[-4:] += MIB * 2 * np.arange(1, 5)

    assert not forecast(memory, window=timedelta(days=1)).exhausts


def test_days_that_go_up_and_down_are_known_after_some_of_them() -> None:
    times = EPOCH - 300 * np.arange(288 * 6)[::-1]
    disk = 60 + 25 * np.sin(2 * np.pi * times / DAY)
    disk += np.random.default_rng(2).standard_normal(len(times))

    told = [
        forecast(disk[: row + 1], step=300, window=timedelta(days=1), capacity=100.0).exhausts
        for row in range(288 * 2, len(disk), 5)
    ]

    assert not any(told)


@pytest.mark.parametrize("hours", [1, 4, 12], ids=lambda hours: f"full in {hours} h")
def test_a_slow_leak_is_told_while_half_of_the_time_is_left(hours: int) -> None:
    rows = 24 * 60
    memory = quiet(rows + 60 * hours, noise=2)
    leaking = np.arange(60 * hours)
    memory[rows:] += (LIMIT - 30 * MIB) * leaking / (60 * hours)

    told_after = rows_until_told(memory, rows, step=60, window=timedelta(hours=24))

    assert told_after is not None
    assert told_after < 30 * hours


def test_the_time_that_a_leak_leaves_is_right() -> None:
    inside, errors = list[bool](), list[float]()
    for seed in range(30):
        memory = quiet(2000, noise=1, seed=seed)
        memory[-400:] += MIB * 0.25 * np.arange(400)
        truth = (LIMIT - memory[-1]) / (MIB * 0.25) * 15
        told = forecast(memory, window=timedelta(hours=6))
        assert told.exhausts
        inside.append(told.soonest.total_seconds() <= truth <= told.latest.total_seconds())
        errors.append(abs(told.likely.total_seconds() / truth - 1))

    assert np.median(errors) < 0.05
    assert np.mean(inside) > 0.6


@pytest.mark.parametrize("noise", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("quantum", [0.0, 0.5, 4.0])
def test_the_time_left_lies_within_its_interval_however_coarse(
    noise: float, quantum: float
) -> None:
    inside, errors = list[bool](), list[float]()
    for seed in range(60):
        chance = np.random.default_rng(seed)
        rate = chance.uniform(0.25, 10)
        lasts = min(400, int(150 / rate))
        # What a row holds was measured at some time since the row before it.
        age = chance.uniform(0, 1, 2000 + lasts)
        mib = 30 + noise * chance.standard_normal(2000 + lasts)
        mib += rate * np.maximum(0, np.arange(2000 + lasts) - 2000 - age)
        mib = np.round(mib / quantum) * quantum if quantum else mib
        truth = ((256 - 30) / rate - (lasts - 1)) * 15
        told = forecast(mib * MIB, window=timedelta(hours=6))
        assert told.exhausts
        assert told.soonest <= told.likely <= told.latest
        inside.append(told.soonest.total_seconds() <= truth <= told.latest.total_seconds())
        errors.append(abs(told.likely.total_seconds() / truth - 1))

    assert np.median(errors) < 0.1
    assert np.mean(inside) > 0.75


@pytest.mark.parametrize("step", [15, 60])
def test_no_time_is_known_better_than_the_rows_tell(step: int) -> None:
    memory = np.full(600, 30 * MIB)
    memory[-20:] += 2 * MIB * np.arange(20)

    told = forecast(memory, step=step, window=timedelta(days=1))

    assert told.exhausts
    assert told.likely - told.soonest >= timedelta(seconds=step)
    assert told.latest - told.likely >= timedelta(seconds=step)
    assert told.latest / told.soonest > 1.1


@pytest.mark.parametrize("every", [2, 4])
def test_what_doubles_again_and_again_is_hardly_full_before_the_soonest(every: int) -> None:
    inside = list[bool]()
    for seed in range(20):
        memory = quiet(600 + 6 * every, seed=seed)
        memory[600:] += MIB * 226 * 2.0 ** ((np.arange(6 * every) - 7 * every) / every)
        told = forecast(memory, window=timedelta(hours=6))
        assert told.exhausts
        inside.append(told.soonest <= timedelta(seconds=15 * (every + 2)))

    assert np.mean(inside) > 0.8


def test_growth_that_takes_longer_than_what_counts_is_told_but_no_alarm() -> None:
    memory = quiet(2000, noise=0.3)
    memory[-800:] += MIB * 0.1 * np.arange(800)

    later = forecast(memory, window=timedelta(minutes=5))
    soon = forecast(memory, window=timedelta(days=1))

    assert (later.outlook, later.exhausts) == (Outlook.GROWING, False)
    assert (soon.outlook, soon.exhausts) == (Outlook.SOON, True)
    assert later.certainty < 0.2
    assert soon.certainty > 0.9


def test_the_reason_says_where_it_stands_and_when_it_is_full() -> None:
    memory = quiet(1440, noise=0)
    memory[-7:] += MIB * 15 * np.arange(1, 8)

    assert forecast(memory).reason == (
        "memory is at 135 MiB of 256 MiB and has grown by 1 MiB/s for 1 min 15 s: "
        "full in 2 min 1 s (1 min 42 s to 2 min 22 s)"
    )


def leaks(count: int, *, stop: bool) -> np.ndarray:
    """Make leaks over 20 rows, an hour apart, each ended by a restart, or by itself."""
    memory = quiet(240 * (count + 1))
    for number in range(1, count + 1):
        begin = 240 * number
        memory[begin : begin + 20] += MIB * 5 * np.arange(20)
        if stop:
            memory[begin + 20 : begin + 100] += MIB * 95
    memory[-10:] += MIB * 6 * np.arange(1, 11)
    return memory


def test_growth_that_stopped_by_itself_before_is_not_believed_again() -> None:
    told = forecast(leaks(1, stop=True))

    assert not told.exhausts
    assert "stopped by itself" in told.reason


def test_growth_that_fell_again_many_times_is_a_habit() -> None:
    told = forecast(leaks(4, stop=False))

    assert not told.exhausts
    assert "fell again, 4 times" in told.reason


def test_growth_that_only_restarts_have_ended_is_believed_again() -> None:
    memory = leaks(4, stop=False)
    restarts = [
        NOON - timedelta(seconds=15 * (len(memory) - 1 - (240 * n + 20))) for n in range(1, 5)
    ]

    assert forecast(memory, restarts=restarts).exhausts


def test_full_is_full_unless_it_always_is() -> None:
    memory = quiet(1000)
    memory[-3:] = LIMIT + 1

    assert forecast(memory).outlook is Outlook.FULL
    assert forecast(memory).exhausts
    assert forecast(np.full(1000, LIMIT)).outlook is Outlook.STEADY


@pytest.mark.parametrize(
    ("memory", "capacity", "reason"),
    [
        pytest.param(np.full(100, np.nan), LIMIT, "never measured", id="never measured"),
        pytest.param(quiet(20), LIMIT, "too few", id="too short"),
        pytest.param(quiet(100), 0.0, "cannot be reached", id="no limit"),
        pytest.param(quiet(100), float("nan"), "cannot be reached", id="unknown limit"),
        pytest.param(
            np.r_[quiet(100), np.full(9, np.nan)], LIMIT, "2 min 15 s old", id="gone for a while"
        ),
    ],
)
def test_what_cannot_be_said_is_unknown_with_a_reason(
    memory: np.ndarray, capacity: float, reason: str
) -> None:
    told = forecast(memory, capacity=capacity)

    assert told.outlook is Outlook.UNKNOWN
    assert reason in told.reason


def test_a_signal_nobody_knows_is_unknown() -> None:
    history = history_of(15, cpu=quiet(100))

    told = forecast_exhaustion(history, MEMORY, LIMIT, now=NOON, window=HALF_AN_HOUR)

    assert told.outlook is Outlook.UNKNOWN
    assert told.at == NOON


def test_a_missed_scrape_during_a_leak_does_not_hide_it() -> None:
    memory = quiet(1440)
    memory[-8:] += MIB * 15 * np.arange(1, 9)
    memory[[-1, -4]] = np.nan

    assert forecast(memory).exhausts


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9))
def test_nothing_after_now_is_looked_at(rows: int) -> None:
    memory = quiet(1440)
    memory[-10:] += MIB * 15 * np.arange(1, 11)
    now = NOON - timedelta(seconds=15 * rows)

    seen = forecast(memory, now=now)
    alone = forecast_exhaustion(
        history_of(15, end=EPOCH - 15 * rows, memory=memory[: 1440 - rows]),
        MEMORY,
        LIMIT,
        now=now,
        window=HALF_AN_HOUR,
        unit="bytes",
    )

    assert seen == alone


def test_the_unit_of_measure_does_not_matter() -> None:
    memory = np.round(quiet(1440))
    memory[-10:] += MIB * 4 * np.arange(1, 11)

    in_bytes = forecast(memory)
    in_mib = forecast(memory / MIB, capacity=LIMIT / MIB)

    assert in_bytes.exhausts
    assert in_mib.likely == in_bytes.likely
    assert in_mib.certainty == pytest.approx(in_bytes.certainty)


@settings(max_examples=20, deadline=None)
@given(st.integers(-(10**6), 10**6))
def test_the_time_of_day_does_not_matter(steps: int) -> None:
    memory = quiet(1440)
    memory[-10:] += MIB * 15 * np.arange(1, 11)
    shift = 15 * steps

    later = forecast_exhaustion(
        history_of(15, end=EPOCH + shift, memory=memory),
        MEMORY,
        LIMIT,
        now=NOON + timedelta(seconds=shift),
        window=HALF_AN_HOUR,
        unit="bytes",
    )

    assert (later.reason, later.likely) == (forecast(memory).reason, forecast(memory).likely)


def test_slow_growth_through_noise_is_an_alarm_when_it_is_likely_full_in_time() -> None:
    rows = 3 * 1440
    memory = quiet(rows, level=60, noise=6, seed=5)
    memory[-600:] += 100 * MIB * np.arange(600) / 600

    soon = forecast(memory, step=60, window=timedelta(days=1))
    later = forecast(memory, step=60, window=timedelta(hours=4))

    assert soon.outlook is Outlook.SOON
    assert later.outlook is Outlook.GROWING
    assert soon.soonest < soon.likely < soon.latest


def test_an_empty_history_is_unknown() -> None:
    empty = History(start=0, step=15, signals=(MEMORY,), values=np.empty((0, 1), np.float32))

    told = forecast_exhaustion(
        empty, MEMORY, LIMIT, now=datetime(2026, 1, 1, tzinfo=UTC), window=HALF_AN_HOUR
    )

    assert told.outlook is Outlook.UNKNOWN


@pytest.mark.parametrize(("height", "soonest"), [(98.9, None), (101.0, 0.0)])
def test_what_stands_nearer_to_full_than_ever_is_told_though_it_wanders(
    height: float, soonest: float | None
) -> None:
    wander = 90 + 5 * np.sin(2 * np.pi * np.arange(4 * 1440) / 400)
    wander += np.random.default_rng(0).standard_normal(len(wander))
    memory = np.r_[np.minimum(wander, 97), [height] * 4, 96.0]

    told = forecast(memory, step=60, capacity=100, window=timedelta(hours=24))

    assert told.outlook is Outlook.SOON
    assert "nearer to full" in told.reason
    assert min(told.risen) > 0
    assert soonest is None or told.soonest.total_seconds() == soonest
