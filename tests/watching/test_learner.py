from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from healing import anomaly
from healing.adapters.files import HistoryFiles, ModelFiles
from healing.history import History
from healing.names import ServiceName, SignalName
from healing.ports import StoredModel
from healing.watching import Learner, Result, has_its_turn, summary

API, DB = ServiceName("api"), ServiceName("db")
STEP = 300
ROWS = 1200
HOUR = next(hour for hour in range(24) if has_its_turn(API, hour))
NOW = datetime(2026, 11, 1, HOUR, 30, tzinfo=UTC)
KEY = b"a key of the tests"

Make = Callable[..., Learner]


@pytest.fixture
def learner(tmp_path: Path) -> Make:
    def make(*, at: datetime = NOW) -> Learner:
        return Learner(
            histories=HistoryFiles(tmp_path / "history"),
            models=ModelFiles(tmp_path / "models", key=KEY),
            clock=lambda: at,
            window=timedelta(days=7),
            vanished=timedelta(days=7),
        )

    return make


def history(
    *, level: float = 50.0, spread: float = 1.0, rows: int = ROWS, seed: int = 1
) -> History:
    values = np.random.default_rng(seed).normal(level, spread, (rows, 3)).astype(np.float32)
    end = int(NOW.timestamp()) // STEP
    names = (SignalName("cpu"), SignalName("memory"), SignalName("requests"))
    return History(start=(end - rows + 1) * STEP, step=STEP, signals=names, values=values)


def versions(learner: Learner, name: str) -> int:
    try:
        return len(learner.models.load(name).manifest.signals)
    except Exception:  # noqa: BLE001 - there is none
        return 0


def test_what_was_observed_is_learnt_and_signed_with_what_it_is(learner: Make) -> None:
    one = learner()
    one.histories.save(API, history())

    learned = one.learn(API, seed=0)

    manifest = one.models.load("anomaly-api").manifest
    assert (learned.result, learned.version) == (Result.LEARNT, "00000001")
    assert manifest.signals == ("cpu", "memory", "requests")
    assert manifest.made_at == NOW
    assert manifest.data_until == datetime.fromtimestamp(history().end, UTC)


def test_too_little_history_is_said(learner: Make) -> None:
    one = learner()
    one.histories.save(API, history(rows=20))

    assert one.learn(API, seed=0).result is Result.TOO_LITTLE
    assert one.learn(DB, seed=0).result is Result.TOO_LITTLE


def test_a_good_model_is_left_alone_until_its_hour(learner: Make) -> None:
    one = learner()
    one.histories.save(API, history())
    one.learn(API, seed=0)

    other_hour = learner(at=NOW + timedelta(hours=3))

    assert other_hour.learn(API, seed=0, only_due=True).result is Result.NOT_DUE
    assert one.learn(API, seed=0, only_due=True).result is not Result.NOT_DUE


def test_a_model_that_has_drifted_is_learnt_anew_at_any_hour(learner: Make) -> None:
    one = learner(at=NOW + timedelta(hours=3))
    one.histories.save(API, history(level=50))
    one.learn(API, seed=0)

    one.histories.save(API, history(level=90))
    learned = one.learn(API, seed=0, only_due=True)

    assert learned.result is Result.LEARNT
    assert "as strange as 1 % should be" in learned.detail


def test_a_challenger_that_sees_less_does_not_take_over(learner: Make) -> None:
    one = learner()
    one.histories.save(API, history())
    assert one.learn(API, seed=0).result is Result.LEARNT
    wild = history(spread=40.0, seed=2)
    calm = history(seed=3)
    values = np.concatenate([wild.values[:900], calm.values[900:]])
    one.histories.save(
        API, History(start=calm.start, step=STEP, signals=calm.signals, values=values)
    )

    learned = one.learn(API, seed=0)

    assert learned.result is Result.NO_BETTER
    assert "of the events put in" in learned.detail
    assert one.models.load("anomaly-api").manifest.data_until.timestamp() == calm.end
    assert learned.version == ""


def test_a_challenger_that_does_no_worse_takes_over_and_its_showing_is_kept(learner: Make) -> None:
    one = learner()
    one.histories.save(API, history())
    one.learn(API, seed=0)
    one.histories.save(API, history(seed=5))

    learned = one.learn(API, seed=0)

    assert (learned.result, learned.version) == (Result.LEARNT, "00000002")
    scores = one.models.load("anomaly-api").manifest.scores
    assert set(scores) == {"found", "false"}
    assert scores["found"] > 0.8


@pytest.mark.parametrize("damage", ["another make", "another step", "other signals"])
def test_a_model_that_does_not_fit_any_more_is_replaced(learner: Make, damage: str) -> None:
    one = learner()
    one.histories.save(API, history())
    one.learn(API, seed=0)
    stored = one.models.load("anomaly-api")
    match damage:
        case "another make":
            arrays = {**stored.arrays, "schema": np.array(anomaly.SCHEMA + 1)}
            one.models.save("anomaly-api", StoredModel(stored.manifest, arrays))
        case "another step":
            other = history()
            one.histories.save(
                API, History(start=0, step=60, signals=other.signals, values=other.values)
            )
        case _:
            other = history()
            names = (SignalName("x"), *other.signals[1:])
            one.histories.save(
                API, History(start=other.start, step=STEP, signals=names, values=other.values)
            )

    learned = one.learn(API, seed=0, only_due=True)

    assert learned.result is Result.LEARNT
    assert "no model that fits" in learned.detail


def test_what_goes_wrong_with_one_does_not_touch_the_others(learner: Make, tmp_path: Path) -> None:
    one = learner()
    for name in (API, DB):
        one.histories.save(name, history())
    (tmp_path / "models" / "anomaly-api").write_text("in the way")

    learned = one.learn_all([API, DB], seed=0, only_due=False)

    assert [found.result for found in learned] == [Result.FAILED, Result.LEARNT]
    assert summary(learned) == "learnt db; failed: api"


def test_a_service_that_is_gone_is_remembered_for_a_while(learner: Make) -> None:
    now = datetime.now(UTC)
    one = learner(at=now)
    for name in (API, DB):
        one.histories.save(name, history())
        one.learn(name, seed=0)

    one.keep_only([API])
    assert one.histories.load(DB) is not None

    learner(at=now + timedelta(days=8)).keep_only([API])
    assert one.histories.load(DB) is None
    assert one.histories.load(API) is not None
    assert versions(one, "anomaly-api") == 3
    assert versions(one, "anomaly-db") == 0
