import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from healing.adapters.recordings import Unread, read_recording, read_recordings
from healing.backtest import Recording
from healing.errors import BadInputError
from healing.names import SignalName

T0 = 1_700_000_040
CPU = SignalName("cpu")


def archive(path: Path, **arrays: object) -> Path:
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


def long_table() -> pd.DataFrame:
    """Two services; the first was made anew in the middle, under another pod."""
    rows = [
        (T0 + 60 * n, "cpu", job, f"{job}-{'a' if n < 5 else 'b'}", float(n))
        for job in ("api", "db")
        for n in range(10)
    ]
    return pd.DataFrame(rows, columns=["timestamp", "__name__", "job", "pod", "value"])


def test_an_archive_of_train_and_test_is_read(tmp_path: Path) -> None:
    path = archive(
        tmp_path / "a.npz",
        train=np.zeros((6, 2)),
        test=np.ones((4, 2)),
        test_labels=np.array([0, 1, 0, 0]),
        step=np.array(300),
        names=np.array(["cpu", "memory"]),
    )

    found = read_recording(path)

    assert (found.name, found.trained, found.history.step) == ("a.npz", 6, 300)
    assert found.history.signals == ("cpu", "memory")
    assert found.labels is not None
    assert np.flatnonzero(found.labels).tolist() == [7]


def test_an_archive_of_times_is_put_on_a_grid(tmp_path: Path) -> None:
    path = archive(
        tmp_path / "a.npz", timestamps=T0 + 20 * np.array([0, 1, 2, 6]), values=np.arange(4.0)
    )

    found = read_recording(path)

    assert (found.trained, found.history.step, len(found.history)) == (None, 20, 7)
    assert np.isfinite(found.history.column(SignalName("s0"))).sum() == 4


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_series_that_differ_only_in_their_pod_are_one(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"range{ending}"
    table = long_table()
    table.to_csv(path, index=False) if ending == ".csv" else table.to_parquet(path)

    found = [one for one in read_recordings(path) if isinstance(one, Recording)]

    assert [one.name for one in found] == ["__name__=cpu,job=api", "__name__=cpu,job=db"]
    assert [one.history.column(CPU).tolist() for one in found] == [list(range(10))] * 2
    assert found[0].history.signals == ("cpu",)


def test_copies_side_by_side_stay_apart(tmp_path: Path) -> None:
    table = long_table()
    both = pd.concat([table, table.assign(pod="api-other")])
    both.to_csv(tmp_path / "range.csv", index=False)

    names = [one.name for one in read_recordings(tmp_path / "range.csv")]

    assert sum(name.startswith("__name__=cpu,job=api") for name in names) == 3


def test_each_column_of_a_wide_table_is_a_signal(tmp_path: Path) -> None:
    times = pd.date_range("2026-03-29T00:00:00Z", periods=240, freq="1min")
    table = pd.DataFrame({"Time": times, "cpu": 1.0, "memory": range(240), "label": 0})
    table.loc[7, "label"] = 1
    table.to_csv(tmp_path / "wide.csv", index=False)

    found = read_recording(tmp_path / "wide.csv")

    assert found.history.signals == ("cpu", "memory")
    assert found.history.step == 60
    assert len(found.history) == 240
    assert found.labels is not None
    assert np.flatnonzero(found.labels).tolist() == [7]


def test_a_night_in_which_the_clock_goes_back_is_as_long_as_it_was(tmp_path: Path) -> None:
    hours = pd.date_range("2026-10-25T00:00", periods=5, freq="1h", tz="Europe/Berlin")
    table = pd.DataFrame({"time": [hour.isoformat() for hour in hours], "cpu": range(5)})
    assert table["time"].str[11:13].tolist() == ["00", "01", "02", "02", "03"]
    table.to_csv(tmp_path / "night.csv", index=False)

    found = read_recording(tmp_path / "night.csv")

    assert found.history.step == 3600
    assert found.history.column(CPU).tolist() == [0, 1, 2, 3, 4]


def test_a_folder_is_read_file_by_file_and_what_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    archive(tmp_path / "deep" / "good.npz", timestamps=np.arange(9), values=np.arange(9.0))
    archive(tmp_path / "other.npz", pods=np.arange(3))
    (tmp_path / "text.csv").write_text("a,b\n1,2\n")
    (tmp_path / "README.md").write_text("hello")

    found = list(read_recordings(tmp_path))

    assert [one.name for one in found] == ["deep/good.npz", "other.npz", "text.csv"]
    assert [isinstance(one, Unread) for one in found] == [False, True, True]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no NumPy archive"),
        (b"PK\x03\x04 cut short", "no NumPy archive"),
        (json.dumps({"values": 1}).encode(), "no NumPy archive"),
        (None, "no such file"),
    ],
    ids=["empty", "cut short", "something else", "missing"],
)
def test_what_is_no_archive_is_said(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "x.npz"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(BadInputError, match=words):
        read_recording(path)


def test_nobody_is_told_to_unpickle_what_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    path.write_text("not an npz")

    with pytest.raises(BadInputError) as caught:
        read_recording(path)

    assert "pickle" not in str(caught.value)


def test_a_time_that_is_none_is_told_with_its_row_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("time,value\n2026-01-01T12:00:00Z,1\nyesterday,2\n")

    with pytest.raises(BadInputError, match="row 2: 'yesterday' is no time") as caught:
        read_recording(path)

    assert "\n" not in str(caught.value)


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    path = archive(
        tmp_path / "x.npz", timestamps=np.arange(3), values=np.array([{}, [], None], object)
    )

    with pytest.raises(BadInputError, match="plain arrays"):
        read_recording(path)


def bare() -> bytes:
    packed = io.BytesIO()
    np.save(packed, np.arange(9.0))
    return packed.getvalue()


def zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive_:
        for name in ("timestamps.npy", "values.npy"):
            archive_.writestr(name, content)
    return packed.getvalue()


def header(shape: str) -> bytes:
    """Write what stands before the numbers of an array, and none of them."""
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({shape},)}}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def flipped(offset: int, bits: int) -> bytes:
    """Flip bits in the directory of an archive, which stands at its end."""
    data = bytearray(zipped(bare()))
    data[data.rindex(b"PK\x01\x02", 0, data.rindex(b"PK\x01\x02")) + offset] ^= bits
    return bytes(data)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(bare(), "one bare array", id="an array alone"),
        pytest.param(flipped(8, 1), "no NumPy archive", id="encrypted, as it says"),
        pytest.param(flipped(6, 0xFF), "no NumPy archive", id="of another version, as it says"),
        pytest.param(zipped(header("1" + "0" * 15)), "no NumPy archive", id="8 PB"),
        pytest.param(zipped(header("1" + "0" * 25)), "no NumPy archive", id="without end"),
        pytest.param(zipped(b"text"), "are needed; there are none", id="no arrays"),
    ],
)
def test_a_damaged_archive_is_told_in_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "x.npz").write_bytes(content)

    with pytest.raises(BadInputError, match=words) as told:
        read_recording(tmp_path / "x.npz")

    assert "\n" not in str(told.value)


def test_names_may_be_bytes(tmp_path: Path) -> None:
    names = np.array([b"memory_percent", "größe".encode()])
    values = np.zeros((9, 2))

    found = read_recording(
        archive(tmp_path / "a.npz", timestamps=np.arange(9), values=values, names=names)
    )

    assert found.history.signals == ("memory_percent", "größe")


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param(lambda table: table, id="with their time zone"),
        pytest.param(lambda table: table.set_index("timestamp"), id="as the index"),
        pytest.param(
            lambda table: table.set_index("timestamp").rename_axis(None), id="as a nameless index"
        ),
    ],
)
def test_times_are_found_where_pandas_keeps_them(
    tmp_path: Path, kept: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    times = pd.to_datetime(T0 + 60 * np.arange(9), unit="s", utc=True)
    kept(pd.DataFrame({"timestamp": times, "cpu": range(9)})).to_parquet(tmp_path / "a.parquet")

    found = read_recording(tmp_path / "a.parquet")

    assert (found.history.start, found.history.step) == (T0 // 60 * 60, 60)
    assert found.history.column(CPU).tolist() == list(range(9))


def test_values_may_be_written_as_prometheus_writes_them(tmp_path: Path) -> None:
    values = ["1.5", "NaN", "+Inf", None, "1e3"]
    table = pd.DataFrame({"timestamp": T0 + 60 * np.arange(5), "value": values})
    table.to_parquet(tmp_path / "a.parquet")

    found = read_recording(tmp_path / "a.parquet").history.column(SignalName("value"))

    assert found[np.isfinite(found)].tolist() == [1.5, 1000.0]
    assert np.isnan(found[1:4]).all()


def test_a_comma_at_the_end_of_each_line_shifts_no_column(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "time,cpu\n" + "".join(f"{T0 + 60 * n},{n},\n" for n in range(9))
    )

    assert read_recording(tmp_path / "a.csv").history.column(CPU).tolist() == list(range(9))


def test_what_stands_beyond_the_last_column_is_not_dropped_in_silence(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "time,cpu\n" + "".join(f"{T0 + 60 * n},{n},5\n" for n in range(9))
    )

    with pytest.raises(BadInputError, match="it is no table"):
        read_recording(tmp_path / "a.csv")
