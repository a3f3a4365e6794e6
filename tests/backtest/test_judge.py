import json
import math

import numpy as np
import pytest

from healing.backtest import Terms, as_json, as_markdown, as_text, from_split, from_times, judge

ROWS = 2000


def troubled(rows: int = ROWS) -> tuple[np.ndarray, np.ndarray]:
    """Noise that jumps for ten rows now and then in its second half, and when it does."""
    values = np.random.default_rng(8).normal(50, 1, (rows, 3))
    wrong = np.zeros(rows, bool)
    for first in range(rows // 2 + 100, rows - 20, 225):
        values[first : first + 10, :2] += 15
        wrong[first : first + 10] = True
    return values, wrong


def test_scores_that_see_trouble_do_far_better_than_random_ones() -> None:
    values, wrong = troubled()

    verdict = judge(
        from_split("a", values[:1000], values[1000:], step=300, labels=wrong[1000:]), Terms()
    )

    assert verdict.ours is not None
    assert verdict.random is not None
    assert verdict.ours.vus_pr > 10 * verdict.random.vus_pr
    assert (verdict.ours.outcome.events, verdict.ours.outcome.recall) == (4, 1.0)
    assert verdict.ours.outcome.precision > verdict.random.outcome.precision
    assert verdict.ours.outcome.delay <= 5 * 300
    assert verdict.scored == 1.0


def test_of_rows_with_times_the_second_half_is_judged() -> None:
    values, wrong = troubled()
    times = 1_700_000_100 + 300 * np.arange(ROWS)

    verdict = judge(from_times("a", times, values, labels=wrong), Terms())

    assert verdict.rows == ROWS // 2
    assert verdict.ours is not None
    assert verdict.ours.outcome.events == 4


def test_what_nobody_labelled_is_counted_as_alarms_per_day() -> None:
    values, _ = troubled()

    verdict = judge(from_split("a", values[:1000], values[1000:], step=300), Terms())

    assert not verdict.labelled
    assert verdict.ours is not None
    assert math.isnan(verdict.ours.vus_pr)
    assert verdict.ours.outcome.false_per_day > 0


def test_too_few_rows_are_noted() -> None:
    verdict = judge(from_split("a", np.zeros((9, 1)), np.zeros((9, 1))), Terms())

    assert verdict.ours is None
    assert "not scored" in verdict.note


@pytest.mark.parametrize("values", [np.full(ROWS, np.nan), np.arange(20.0)], ids=["nan", "short"])
def test_what_has_no_score_is_worth_nothing_known(values: np.ndarray) -> None:
    times = 1_700_000_100 + 300 * np.arange(len(values))

    verdict = judge(from_times("a", times, values, labels=np.ones(len(values))), Terms())

    assert (verdict.ours, verdict.random) == (None, None)
    assert "not scored" in verdict.note


def test_a_gap_is_no_time_without_a_false_alarm() -> None:
    values, _ = troubled()
    whole = from_split("a", values[:1000], values[1000:], step=300)
    values[1200:1600] = np.nan
    gap = from_split("a", values[:1000], values[1000:], step=300)

    days = [
        worth.outcome.days
        for verdict in (judge(whole, Terms()), judge(gap, Terms()))
        for worth in (verdict.ours, verdict.random)
        if worth is not None
    ]

    assert days == pytest.approx(np.array([1000, 1000, 600, 600]) * 300 / 86_400)


def test_the_same_seed_gives_the_same_verdict() -> None:
    values, wrong = troubled(1000)
    recording = from_split("a", values[:500], values[500:], step=300, labels=wrong[500:])

    one, two = (judge(recording, Terms(seed=4), cpu=lambda: 0.0) for _ in range(2))

    assert (one.ours, one.random) == (two.ours, two.random)


@pytest.mark.parametrize("count", [1, 3])
def test_verdicts_are_told_to_people_and_programs(count: int) -> None:
    values, wrong = troubled(1000)
    leak = np.linspace(5, 99.9, 1000)
    verdicts = [
        judge(from_split("labelled", values[:500], values[500:], labels=wrong[500:]), Terms()),
        judge(from_split("leak", leak[:500], leak[500:], signals=["memory_percent"]), Terms()),
        judge(from_split("short", leak[:5], leak[5:9]), Terms()),
    ][:count]

    told = json.loads(json.dumps(as_json(verdicts), allow_nan=False))

    assert [one["name"] for one in told["recordings"]] == ["labelled", "leak", "short"][:count]
    assert told["all"]["recordings"] == count
    assert told["recordings"][0]["anomaly"]["vus_pr"] > told["recordings"][0]["random"]["vus_pr"]
    assert told["recordings"][0]["peak_memory_bytes"] > 2**20
    text, page = as_text(verdicts), as_markdown(verdicts)
    assert text.splitlines()[0].startswith("recording")
    assert len(page.splitlines()[4].split("|")) == len(page.splitlines()[6].split("|"))
    if count > 1:
        assert f"all {count}" in text
        assert told["recordings"][1]["exhaustion"]["due"] > 0
        assert told["recordings"][1]["predict_linear"]["recall"] is not None
        assert told["recordings"][2]["anomaly"] is None
        assert "short: not scored" in text
