"""`heal score`, `heal forecast` and `heal backtest`, as each is started from a shell."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from healing.cli import main
from tests.real import ROOT

ROWS = 600


def heal(*argv: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "healing", *map(str, argv)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def strange_night(signals: int = 2) -> np.ndarray:
    values = np.random.default_rng(5).normal(10, 1, (ROWS, signals))
    values[500:510] += 25
    values[300:320] = np.nan
    return values


def test_test_rows_are_scored(tmp_path: Path) -> None:
    values = strange_night()
    np.savez(tmp_path / "a.npz", train=values[:400], test=values[400:], step=300)

    done = heal("score", "a.npz", "-o", "scores.npz", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    scores = np.load(tmp_path / "scores.npz", allow_pickle=False)["scores"]
    assert scores.shape == (200,)
    assert np.isfinite(scores).all()
    assert scores[100:110].min() > scores[:100].max()


def test_rows_with_times_are_scored_in_the_order_of_the_file(tmp_path: Path) -> None:
    values, order = strange_night(1)[:, 0], np.random.default_rng(6).permutation(ROWS)
    times = 1_700_000_000 + 300 * np.arange(ROWS)
    np.savez(tmp_path / "a.npz", timestamps=times, values=values)
    np.savez(tmp_path / "b.npz", timestamps=times[order], values=values[order])

    for name in "ab":
        done = heal("score", f"{name}.npz", "-o", f"{name}-out", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")

    scores = np.load(tmp_path / "a-out")["scores"]
    assert np.isnan(scores[300:320]).all()
    assert np.isfinite(scores[320:]).all()
    assert np.array_equal(np.load(tmp_path / "b-out")["scores"], scores[order], equal_nan=True)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"train": np.zeros((9, 2)), "test": np.zeros((9, 3))}, "2 signals"),
        ({"train": np.zeros((9, 2)), "test": np.zeros((9, 2))}, "too few rows"),
        ({"other": np.zeros(9)}, "`train` and `test`, or `timestamps` and `values`"),
        ({"timestamps": np.arange(9), "values": np.array(["x"] * 9)}, "numbers are needed"),
    ],
    ids=["signals", "short", "others", "text"],
)
def test_a_file_that_cannot_be_scored_is_told_in_one_line(
    tmp_path: Path, arrays: dict[str, np.ndarray], words: str
) -> None:
    np.savez(tmp_path / "a.npz", **arrays)  # type: ignore[arg-type]

    done = heal("score", "a.npz", "-o", "scores.npz", cwd=tmp_path)

    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.startswith("heal: a.npz: ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "scores.npz").exists()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", timestamps=np.arange(9) * 60, values=np.arange(9.0))

    done = heal("score", "a.npz", "-o", "no/such/folder/scores.npz", cwd=tmp_path)

    assert done.returncode == 2
    assert "cannot be written" in done.stderr


def test_a_folder_is_judged_and_what_is_no_recording_is_passed_over(tmp_path: Path) -> None:
    values = strange_night()
    wrong = np.zeros(ROWS, bool)
    wrong[500:510] = True
    folder = tmp_path / "recordings"
    folder.mkdir()
    np.savez(
        folder / "a.npz", train=values[:400], test=values[400:], test_labels=wrong[400:], step=300
    )
    lines = [f"{1_700_000_000 + 60 * n},{n / 6}" for n in range(ROWS)]
    (folder / "b.csv").write_text("\n".join(["time,memory_percent", *lines]))
    np.savez(folder / "c.npz", other=np.arange(3))

    done = heal("backtest", "recordings", "--json", cwd=tmp_path)

    assert done.returncode == 0
    assert "passed over c.npz" in done.stderr
    told = json.loads(done.stdout)
    assert [one["name"] for one in told["recordings"]] == ["a.npz", "b.csv"]
    assert told["recordings"][0]["anomaly"]["event_recall"] == 1.0
    assert told["recordings"][1]["exhaustion"]["points"] > 0
    assert told["all"]["cpu_seconds"] > 0


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("nowhere",), "no such file"),
        (("nowhere.csv",), "no such file"),
        ((".",), "no file that ends in"),
        ((".", "--window", "soon"), "must be a duration"),
        ((".", "--sensitivity", "7"), "from 0 to 1"),
    ],
    ids=["no archive", "no table", "empty folder", "window", "sensitivity"],
)
def test_what_cannot_be_judged_is_told_in_one_line(
    tmp_path: Path, argv: tuple[str, ...], words: str
) -> None:
    done = heal("backtest", *argv, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_leak_is_continued_and_its_end_is_told(tmp_path: Path) -> None:
    noise = np.random.default_rng(7).normal(0, 0.2, 900)
    leak = np.stack([np.linspace(10, 70, 900) + noise, 30 + noise], axis=1)
    times = 1_700_000_100 + 300 * np.arange(900)
    np.savez(tmp_path / "a.npz", timestamps=times, values=leak)

    argv = ("a.npz", "--horizon", "48h", "--capacity", 100, "-o", "f.npz")
    done = heal("forecast", *argv, cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    with np.load(tmp_path / "f.npz", allow_pickle=False) as found:
        told = dict(found)
    ahead = 48 * 12
    assert np.array_equal(told["timestamps"], times[-1] + 300 * np.arange(1, ahead + 1))
    assert told["values"].shape == (ahead, 2)
    assert told["paths"].shape == (3, ahead, 2)
    assert told["quantiles"].tolist() == [0.1, 0.5, 0.9]
    assert (np.diff(told["paths"], axis=0) >= 0).all()
    true = 30 / (60 / 899) * 300
    soonest, likely, latest = told["seconds_to_full"][0]
    assert soonest <= likely <= latest
    assert abs(likely - true) < 0.25 * true
    assert np.isinf(told["seconds_to_full"][1]).all()
    assert told["alarm"].tolist() == [True, False]
    assert told["certainty"][0] >= 0.8
    assert told["certainty"][1] == 0
    grows, stays = done.stdout.splitlines()
    assert grows.endswith("an alarm: looks have said so for 30 min")
    assert stays.endswith("no alarm: it is not full within the time that counts")


def test_what_cannot_be_said_is_no_number_in_a_forecast(tmp_path: Path) -> None:
    gone = np.linspace(10, 70, 900)
    gone[800:] = np.nan
    here = np.full(900, 50.0)
    values = np.stack([gone, here], axis=1)
    np.savez(tmp_path / "a.npz", timestamps=300 * np.arange(900), values=values)

    argv = ("a.npz", "--horizon", "24h", "--capacity", 100, "-o", "f.npz")
    done = heal("forecast", *argv, cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    with np.load(tmp_path / "f.npz", allow_pickle=False) as told:
        assert np.isnan(told["seconds_to_full"][0]).all()
        assert np.isposinf(told["seconds_to_full"][1]).all()
        assert np.isnan(told["certainty"][0])
        assert not told["alarm"].any()


def test_a_course_that_cannot_be_said_is_told(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", timestamps=60 * np.arange(60), values=np.arange(60.0))

    done = heal("forecast", "a.npz", "--horizon", "24h", "-o", "f.npz", cwd=tmp_path)

    assert done.stdout.startswith("s0: too little is known of it")
    with np.load(tmp_path / "f.npz", allow_pickle=False) as told:
        assert np.isnan(told["values"]).all()


def test_too_few_rows_to_look_so_far_ahead_are_told(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", timestamps=np.arange(40) * 60, values=np.arange(40.0))

    assert heal("forecast", "a.npz", "--horizon", "1h", "-o", "f.npz", cwd=tmp_path).returncode == 0
    done = heal("forecast", "a.npz", "--horizon", "40d", "-o", "f.npz", cwd=tmp_path)

    assert done.returncode == 2
    assert "40 rows are too few" in done.stderr


def test_a_horizon_that_makes_no_sense_is_told(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", timestamps=np.arange(9) * 60, values=np.arange(9.0))

    for horizon in ("soon", "1s", "90y"):
        done = heal("forecast", "a.npz", "--horizon", horizon, "-o", "f.npz", cwd=tmp_path)
        assert done.returncode == 2
        assert "--horizon" in done.stderr


@pytest.mark.parametrize("command", ["backtest", "forecast"])
@pytest.mark.parametrize("capacity", ["nan", "inf", "0", "-5", "much"])
def test_a_capacity_that_nothing_reaches_is_refused(
    capacity: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([command, "a.npz", f"--capacity={capacity}"])

    assert "argument --capacity: " in capsys.readouterr().err


@pytest.mark.parametrize("command", ["score", "backtest"])
@pytest.mark.parametrize("seed", ["-1", "4294967296", "x"])
def test_a_seed_that_is_none_is_refused(
    seed: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([command, "a.npz", f"--seed={seed}"])

    assert "argument --seed: " in capsys.readouterr().err
