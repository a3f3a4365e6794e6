import multiprocessing
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score

from healing.anomaly import (
    Model,
    fit,
    from_arrays,
    lasting,
    reasons,
    rows_to_learn,
    score,
    to_arrays,
)
from healing.errors import ModelUnusableError, NotEnoughHistoryError
from healing.features import Way
from healing.history import History
from healing.names import SignalName
from tests.metrics import CPU, LATENCY, MEMORY, MIB, history_of, ordinary
from tests.real import real_metrics

ROWS = 7 * 1440
WELL = ordinary(ROWS)


@pytest.fixture(scope="module")
def model() -> Model:
    return fit(history_of(**WELL), seed=1)


def today(rows: int = 600, seed: int = 9) -> dict[str, np.ndarray]:
    return ordinary(rows, seed=seed)


def test_scores_mean_what_they_say_on_ordinary_days(model: Model) -> None:
    scores = np.concatenate(
        [score(model, history_of(**ordinary(ROWS, seed=seed))).values for seed in range(2, 8)]
    )

    assert 0.003 < np.mean(scores >= 0.5) < 0.03
    assert 0.0001 < np.mean(scores >= 0.9) < 0.003
    assert np.mean(scores >= 0.99) < 0.0005


def test_trouble_in_what_was_learnt_does_not_make_trouble_common() -> None:
    columns = ordinary(ROWS)
    for first in range(ROWS - 2500, ROWS, 500):
        columns["latency"][first : first + 10] *= 3
    later = today()
    later["latency"][-10:] *= 3

    scores = score(fit(history_of(**columns), seed=1), history_of(**later))

    assert scores.values[-8:].min() > 0.99
    assert np.median(scores.values[:-10]) < 0.2


@pytest.mark.parametrize(
    ("signal", "trouble"),
    [
        pytest.param("memory", lambda memory: memory + 15 * MIB, id="more memory than ever"),
        pytest.param("latency", lambda latency: 3 * latency, id="slow"),
        pytest.param("cpu", lambda cpu: 0 * cpu, id="no work at all"),
    ],
)
def test_trouble_is_strange_and_its_signal_is_the_reason(
    model: Model, signal: str, trouble
) -> None:
    columns = today()
    columns[signal][-10:] = trouble(columns[signal][-10:])
    history = history_of(**columns)

    scores = score(model, history)
    first, *_ = reasons(model, history, scores)

    assert scores.values[-10:].min() > 0.9
    assert np.median(scores.values[:-10]) < 0.2
    assert lasting(scores.values, at_least=0.9)[-1]
    assert first.signal == signal
    assert first.share > 0.5


def test_a_reason_is_a_sentence_with_units(model: Model) -> None:
    columns = today()
    columns["memory"][-100:] += 50 * MIB
    history = history_of(**columns)

    (first,) = reasons(model, history, score(model, history), most=1)

    assert first.way in {Way.LEVEL, Way.LASTING}
    assert "MiB" in first.sentence("bytes")
    assert "usually 97 MiB to 103 MiB" in first.sentence("bytes")
    assert first.low < 100 * MIB < first.high < first.value


def test_an_ordinary_row_needs_no_reason(model: Model) -> None:
    history = history_of(**{name: values[:-1] for name, values in WELL.items()})
    scores = score(model, history, newest=1)

    assert all(reason.share > 0 for reason in reasons(model, history, scores))
    assert not reasons(model, history, score(model, history, newest=0))


def test_the_busy_hour_is_usual_and_the_same_load_at_night_is_not(model: Model) -> None:
    columns = ordinary(2880, seed=4)
    peak, trough = int(np.argmax(columns["cpu"])), int(np.argmin(columns["cpu"]))
    columns["cpu"][trough - 5 : trough + 5] = columns["cpu"][peak]

    scores = score(model, history_of(**columns)).values

    assert np.median(scores[peak - 30 : peak + 30]) < 0.2
    assert scores[trough + 4] > 0.9


@settings(max_examples=10, deadline=None)
@given(st.integers(100, 590), st.integers(0, 2), st.floats(-1e9, 1e9))
def test_the_future_does_not_change_a_score(
    model: Model, row: int, column: int, value: float
) -> None:
    before = history_of(**today())
    values = before.values.copy()
    values[row:, column] = value
    after = History(start=before.start, step=60, signals=before.signals, values=values)

    assert np.array_equal(score(model, after).values[:row], score(model, before).values[:row])


def test_only_the_newest_rows_can_be_asked_for(model: Model) -> None:
    history = history_of(**today())

    everything, newest = score(model, history), score(model, history, newest=5)

    assert newest.values == pytest.approx(everything.values[-5:], abs=1e-9)
    assert newest.start == history.end - 4 * 60
    assert newest.shares.shape == (5, 3)


def test_what_has_become_usual_since_is_not_strange() -> None:
    columns = ordinary(3000)
    restless = np.random.default_rng(8).standard_normal(3000)
    columns["memory"][1800:] += 6 * MIB * restless[1800:]

    model = fit(history_of(**{name: values[:2500] for name, values in columns.items()}), seed=1)
    scores = score(model, history_of(**columns), newest=500).values

    assert np.mean(scores >= 0.9) < 0.01


def test_a_row_with_too_little_measured_has_no_score(model: Model) -> None:
    columns = today()
    columns["memory"][-1] = columns["cpu"][-1] = np.nan
    columns["memory"][-2] = np.nan
    for values in columns.values():
        values[-20:-10] = np.nan

    values = score(model, history_of(**columns)).values

    assert np.flatnonzero(np.isnan(values)).tolist() == [*range(580, 590), 599]


def test_a_signal_that_is_gone_leaves_the_others_to_judge(model: Model) -> None:
    columns = today()
    columns.pop("memory")
    columns["latency"][-1] *= 5

    scores = score(model, history_of(**columns))

    assert scores.signals == (CPU, MEMORY, LATENCY)
    assert scores.values[-1] > 0.9
    assert not scores.shares[:, 1].any()


@pytest.mark.parametrize(
    ("step", "need"), [(15, 480), (60, 120), (300, 120)], ids=["15 s", "a minute", "5 minutes"]
)
def test_too_little_history_is_told(step: int, need: int) -> None:
    assert rows_to_learn(step) == need
    with pytest.raises(NotEnoughHistoryError) as told:
        fit(history_of(step, **ordinary(need - 1, step=step)), seed=1)

    assert (told.value.have, told.value.need) == (need - 1, need)
    fit(history_of(step, **ordinary(need, step=step)), seed=1)


def test_no_history_is_too_little() -> None:
    empty = History(start=0, step=60, signals=(MEMORY,), values=np.empty((0, 1), np.float32))

    with pytest.raises(NotEnoughHistoryError):
        fit(empty, seed=1)
    with pytest.raises(NotEnoughHistoryError):
        fit(history_of(memory=np.full(500, np.nan)), seed=1)


def test_a_signal_that_is_hardly_ever_measured_is_left_out() -> None:
    columns = ordinary(1000)
    columns["memory"][:600] = np.nan

    assert fit(history_of(**columns), seed=1).signals == (CPU, LATENCY)


def test_a_constant_service_is_not_strange_until_it_changes() -> None:
    model = fit(history_of(up=np.ones(500), restarts=np.zeros(500)), seed=1)

    restarts = np.r_[np.zeros(49), 1.0]
    scores = score(model, history_of(up=np.ones(50), restarts=restarts)).values

    assert scores[:-1].max() < 0.1
    assert scores[-1] > 0.9


def test_a_signal_measured_every_third_row_is_learned_like_any_other() -> None:
    rng = np.random.default_rng(4)
    values = np.full(900, np.nan)
    values[::3] = rng.normal(5, 1, 300)
    model = fit(history_of(sessions=values), seed=1)

    values[-9::3] += 30

    assert model.signals == (SignalName("sessions"),)
    assert score(model, history_of(sessions=values)).values[-3] > 0.9


def test_a_history_at_another_step_is_refused(model: Model) -> None:
    with pytest.raises(ModelUnusableError, match="step"):
        score(model, history_of(15, **today()))


def test_a_model_survives_being_kept(model: Model) -> None:
    history = history_of(**today())

    again = from_arrays(to_arrays(model))

    assert np.array_equal(score(again, history).values, score(model, history).values)
    assert (again.trained_from, again.trained_until) == (model.trained_from, model.trained_until)
    assert all(array.dtype.kind in "iufU" for array in to_arrays(model).values())


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"schema": np.array(99)}, id="of another make"),
        pytest.param({"rows": np.array([1])}, id="of another form"),
        pytest.param({"forest_tail": None}, id="incomplete"),
    ],
)
def test_arrays_that_are_no_model_of_ours_are_refused(model: Model, change: dict) -> None:
    arrays = {**to_arrays(model), **change}

    with pytest.raises(ModelUnusableError):
        from_arrays({name: array for name, array in arrays.items() if array is not None})


def test_scoring_needs_no_scikit_learn() -> None:
    heavy = "import sys, healing.anomaly as _; print({*sys.modules} & {*sys.argv[1:]})"

    said = subprocess.run(
        [sys.executable, "-c", heavy, "sklearn", "scipy", "pandas"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout.strip() == "set()"


def test_a_process_of_its_own_can_train_and_leave_no_weight_behind(model: Model) -> None:
    history = history_of(**WELL)
    spawn = multiprocessing.get_context("spawn")

    with ProcessPoolExecutor(1, mp_context=spawn) as apart:
        trained = apart.submit(fit, history, seed=1).result()

    again = score(trained, history, newest=50).values
    assert np.array_equal(again, score(model, history, newest=50).values)


def test_real_trouble_of_real_services_is_found_better_than_by_a_plain_forest() -> None:
    paths = sorted(real_metrics("services").glob("*.npz"))[:6]
    ours, plain = list[float](), list[float]()
    for path in paths:
        data = np.load(path, allow_pickle=False)
        train, test, labels = data["train"], data["test"], data["test_labels"]
        signals = tuple(SignalName(f"m{n}") for n in range(train.shape[1]))
        history = History(start=0, step=300, signals=signals, values=np.concatenate([train, test]))
        scores = score(fit(history.rows(0, len(train)), seed=1), history, newest=len(test)).values
        ours.append(average_precision_score(labels, scores))
        forest = IsolationForest(random_state=1).fit(train)
        plain.append(average_precision_score(labels, -forest.score_samples(test)))

    assert np.mean(ours) > 1.5 * np.mean(plain)
