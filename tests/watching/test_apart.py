"""A process beside ours learns, one question after the other, until it is let go."""

import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from healing.adapters.files import HistoryFiles, ModelFiles
from healing.errors import OutcomeUnknownError
from healing.watching import Learner, Result
from healing.watching.apart import Apart
from healing.wiring import utc_now
from tests.watching.test_learner import API, DB, KEY, history


@pytest.fixture
def learner(tmp_path: Path) -> Learner:
    return Learner(
        histories=HistoryFiles(tmp_path / "history"),
        models=ModelFiles(tmp_path / "models", key=KEY),
        clock=utc_now,
        window=timedelta(days=7),
        vanished=timedelta(days=7),
    )


@pytest.fixture
def apart() -> Iterator[Apart]:
    one = Apart()
    yield one
    one.let_go()


def test_learning_apart_is_learning_and_one_process_learns_all(
    apart: Apart, learner: Learner
) -> None:
    learner.histories.save(API, history())
    learner.histories.save(DB, history(seed=2))

    (first,) = apart.learn(learner, [API], seed=0, only_due=False)
    process = apart.pid
    (second,) = apart.learn(learner, [DB], seed=0, only_due=False)

    assert (first.service, first.result) == (API, Result.LEARNT)
    assert (second.service, second.result) == (DB, Result.LEARNT)
    assert learner.models.load("anomaly-db").manifest.signals == ("cpu", "memory", "requests")
    assert apart.pid == process != os.getpid()


def test_let_go_it_is_gone_and_another_one_comes_when_it_is_needed(
    apart: Apart, learner: Learner
) -> None:
    apart.learn(learner, [API], seed=0, only_due=False)
    process = apart.pid
    assert process is not None

    apart.let_go()

    assert not psutil.pid_exists(process)
    assert apart.pid is None
    (learned,) = apart.learn(learner, [API], seed=0, only_due=False)
    assert learned.result is Result.TOO_LITTLE
    assert apart.pid not in {None, process}


def test_a_process_that_was_killed_is_told_and_followed_by_another(
    apart: Apart, learner: Learner
) -> None:
    apart.learn(learner, [API], seed=0, only_due=False)
    assert apart.pid is not None
    os.kill(apart.pid, signal.SIGKILL)

    with pytest.raises(OutcomeUnknownError, match="code -9"):
        apart.learn(learner, [API], seed=0, only_due=False)

    assert apart.learn(learner, [API], seed=0, only_due=False)


class Breaks(Learner):
    def learn_all(self, *_: object, **__: object) -> list:
        raise ZeroDivisionError("in the other process")


def test_its_last_words_are_in_the_message(apart: Apart, learner: Learner) -> None:
    broken = Breaks(**{name: getattr(learner, name) for name in Learner.__slots__})

    with pytest.raises(OutcomeUnknownError, match="in the other process"):
        apart.learn(broken, [API], seed=0, only_due=False)
