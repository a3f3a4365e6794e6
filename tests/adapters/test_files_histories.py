import os
import time
from pathlib import Path

import numpy as np
import pytest

from healing.adapters.files import HistoryFiles
from healing.errors import SetupError
from healing.history import History, Mark
from healing.names import ServiceName, SignalName
from tests.adapters.disk import no_room

API = ServiceName("api")
CPU, MEMORY = SignalName("cpu"), SignalName("memory")


def history(level: float = 1.0) -> History:
    values = np.full((100, 2), level, np.float32)
    values[40:50, 1] = np.nan
    return History(
        start=6000,
        step=60,
        signals=(CPU, MEMORY),
        values=values,
        marks={MEMORY: Mark('memory{name="ä"}', 11_940)},
    )


def same(one: History | None, other: History) -> bool:
    return (
        one is not None
        and (one.start, one.step, one.signals, one.marks)
        == (other.start, other.step, other.signals, other.marks)
        and np.array_equal(one.values, other.values, equal_nan=True)
    )


def test_what_was_kept_comes_back(tmp_path: Path) -> None:
    HistoryFiles(tmp_path / "deep" / "down").save(API, history())

    assert same(HistoryFiles(tmp_path / "deep" / "down").load(API), history())


def test_nothing_was_kept_of_a_new_service(tmp_path: Path) -> None:
    assert HistoryFiles(tmp_path).load(API) is None


def test_an_empty_history_can_be_kept(tmp_path: Path) -> None:
    store = HistoryFiles(tmp_path)
    empty = History(start=0, step=15, signals=(), values=np.empty((0, 0), np.float32))

    store.save(API, empty)

    assert same(store.load(API), empty)


@pytest.mark.parametrize(
    "name", ["../escape", "..", "a/b", ".hidden", "ünïcode", "100%", "CON", "a b", "x" * 60]
)
def test_no_name_leads_out_of_the_directory(tmp_path: Path, name: str) -> None:
    store = HistoryFiles(tmp_path / "inside")

    store.save(ServiceName(name), history(2.0))
    store.save(API, history(3.0))

    assert same(store.load(ServiceName(name)), history(2.0))
    assert [path.name for path in tmp_path.iterdir()] == ["inside"]
    assert len(list((tmp_path / "inside").glob("*.npz"))) == 2


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: data[: len(data) // 2], id="cut short"),
        pytest.param(lambda _: b"", id="emptied by a crash"),
        pytest.param(lambda data: data.replace(b"values", b"nothin"), id="a part is missing"),
        pytest.param(lambda data: data[:300] + bytes(200) + data[500:], id="a bad block"),
        pytest.param(lambda _: b"cos\nsystem\n(S'false'\ntR.", id="a pickle"),
    ],
)
def test_a_damaged_file_is_set_aside(
    tmp_path: Path, damage, caplog: pytest.LogCaptureFixture
) -> None:
    store = HistoryFiles(tmp_path)
    store.save(API, history())
    path = tmp_path / "api.npz"
    path.write_bytes(damage(path.read_bytes()))

    assert store.load(API) is None

    assert not path.exists()
    assert (tmp_path / "api.damaged").exists()
    assert "history set aside" in caplog.text
    store.save(API, history())
    assert same(store.load(API), history())


def test_a_file_of_another_format_is_set_aside(tmp_path: Path) -> None:
    store = HistoryFiles(tmp_path)
    np.savez(tmp_path / "api.npz", format=np.array(99))

    assert store.load(API) is None


def test_a_directory_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")

    with pytest.raises(SetupError, match="state directory"):
        HistoryFiles(blocked / "histories")


def test_a_disk_that_is_full_is_told_and_what_was_kept_stays(tmp_path: Path) -> None:
    store = HistoryFiles(tmp_path)
    store.save(API, history(1.0))
    with no_room(), pytest.raises(SetupError, match="cannot be written"):
        store.save(API, history(2.0))

    assert same(store.load(API), history(1.0))
    assert [path.name for path in tmp_path.iterdir()] == ["api.npz"]


def test_other_services_are_forgotten(tmp_path: Path) -> None:
    store = HistoryFiles(tmp_path)
    for name in ("api", "db", "old"):
        store.save(ServiceName(name), history())

    store.keep_only([API, ServiceName("db")])

    assert sorted(path.name for path in tmp_path.iterdir()) == ["api.npz", "db.npz"]


def test_what_a_killed_process_left_behind_is_cleared_away(tmp_path: Path) -> None:
    old, new = tmp_path / "x.unfinished", tmp_path / "y.unfinished"
    old.write_text("half")
    new.write_text("half")
    os.utime(old, (time.time() - 7200,) * 2)

    HistoryFiles(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["y.unfinished"]
