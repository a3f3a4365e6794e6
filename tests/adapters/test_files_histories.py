import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from healing.adapters.files import HistoryFiles
from healing.errors import SetupError
from healing.history import History, Mark
from healing.names import ServiceName, SignalName
from tests.adapters.disk import no_more_files, no_room

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


def test_whatever_bit_is_wrong_nothing_crashes_and_nothing_wrong_is_read(tmp_path: Path) -> None:
    HistoryFiles(tmp_path).save(API, history())
    path = tmp_path / "api.npz"
    data = path.read_bytes()

    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])

        found = HistoryFiles(tmp_path).load(API)

        assert found is None or same(found, history())


def test_what_cannot_be_read_now_is_not_set_aside(tmp_path: Path) -> None:
    store = HistoryFiles(tmp_path)
    store.save(API, history())
    with no_more_files(), pytest.raises(SetupError, match="cannot be read"):
        store.load(API)

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

    known = [API, ServiceName("db")]
    store.keep_only(known, before=datetime.now(UTC) - timedelta(hours=1))
    assert len(list(tmp_path.iterdir())) == 3

    store.keep_only(known, before=datetime.now(UTC) + timedelta(hours=1))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["api.npz", "db.npz"]


def test_what_a_killed_process_left_behind_is_cleared_away(tmp_path: Path) -> None:
    old, new = tmp_path / "x.unfinished", tmp_path / "y.unfinished"
    old.write_text("half")
    new.write_text("half")
    os.utime(old, (time.time() - 7200,) * 2)

    HistoryFiles(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["y.unfinished"]


def grown(base: History, rows: int, level: float = 7.0) -> History:
    """The same history, so many rows later; the oldest row dropped for each."""
    new = np.full((rows, len(base.signals)), level, np.float32)
    return History(
        start=base.start + rows * base.step,
        step=base.step,
        signals=base.signals,
        values=np.concatenate([base.values[rows:], new]),
        marks={MEMORY: Mark('memory{name="ä"}', base.end + rows * base.step)},
    )


def written(directory: Path) -> dict[str, int]:
    return {path.suffix: path.stat().st_size for path in directory.iterdir()}


def test_what_is_new_goes_into_a_small_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    names = tuple(SignalName(f"s{n}") for n in range(10))
    base = History(
        start=0, step=60, signals=names, values=rng.normal(0, 1, (40_000, 10)).astype(np.float32)
    )
    HistoryFiles(tmp_path).save(API, base)
    store = HistoryFiles(tmp_path)
    known = store.load(API)
    assert known is not None
    before = (tmp_path / "api.npz").stat()

    later = grown(known, 3)
    store.save(API, later, changed_from=known.end - 300)

    after = (tmp_path / "api.npz").stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)
    assert written(tmp_path)[".new"] < before.st_size / 100
    again = HistoryFiles(tmp_path).load(API)
    assert again is not None
    assert again.end == later.end
    assert np.array_equal(again.values[3:], later.values)
    assert again.marks == later.marks


def test_run_after_run_nothing_is_lost_and_the_small_file_stays_small(tmp_path: Path) -> None:
    store = HistoryFiles(tmp_path)
    now, sizes = history(), list[int]()
    store.save(API, now)
    for run in range(200):
        loaded = store.load(API)
        assert loaded is not None
        assert same(loaded.tail(len(now)), now)
        now = grown(now, 1, float(run))
        store.save(API, now, changed_from=now.end - 120)
        sizes.append(written(tmp_path).get(".new", 0))

    assert same(HistoryFiles(tmp_path).load(API).tail(100), now)  # type: ignore[union-attr]
    assert sizes.count(0) >= 2, "the large file was never written again"
    assert sizes.count(0) < 20, "the large file was written again all the time"


@pytest.mark.parametrize("damage", ["cut", "other", "gone"])
def test_a_small_file_that_does_not_fit_is_left_out(tmp_path: Path, damage: str) -> None:
    store, base = HistoryFiles(tmp_path), history()
    store.save(API, base)
    store.save(API, grown(base, 2), changed_from=base.end)
    newer = tmp_path / "api.new"
    match damage:
        case "cut":
            newer.write_bytes(newer.read_bytes()[:-40])
        case "gone":
            newer.unlink()
        case _:
            HistoryFiles(tmp_path / "b").save(API, history(3.0))
            (tmp_path / "b" / "api.npz").replace(tmp_path / "api.npz")

    expected = history(3.0) if damage == "other" else base
    assert same(HistoryFiles(tmp_path).load(API), expected)


def test_a_change_long_ago_is_kept_too(tmp_path: Path) -> None:
    store, base = HistoryFiles(tmp_path), history()
    store.save(API, base)
    other = history(5.0)

    store.save(API, other, changed_from=base.start)

    assert same(HistoryFiles(tmp_path).load(API), other)


class Reads(HistoryFiles):
    """Histories that count how often all of one is read."""

    count = 0

    def load(self, service: ServiceName) -> History | None:
        self.count += 1
        return super().load(service)


def look(at: int, value: float = 2.0) -> History:
    return History(
        start=at, step=60, signals=(CPU, MEMORY), values=np.full((1, 2), value, np.float32)
    )


def test_rows_are_put_behind_what_was_kept_and_all_of_it_is_hardly_ever_read(
    tmp_path: Path,
) -> None:
    files = Reads(tmp_path)
    files.save(API, history())
    times = [11_940 + 60 * number for number in (1, 2, 5, *range(7, 500))]

    for at in times:
        files.extend(API, look(at, value=at), most=1000)
    reads = files.count

    kept = HistoryFiles(tmp_path).load(API)
    assert kept is not None
    assert np.array_equal(kept.values[:100], history().values, equal_nan=True)
    behind = kept.column(CPU)[100:]
    measured = np.isfinite(behind)
    assert kept.times[100:][measured].tolist() == times
    assert behind[measured].tolist() == times
    assert reads < 12


def test_a_row_that_is_kept_already_stays_as_it_is(tmp_path: Path) -> None:
    files = HistoryFiles(tmp_path)
    files.extend(API, look(6000, value=1.0), most=100)

    files.extend(API, look(6000, value=2.0), most=100)
    files.extend(API, look(5940, value=3.0), most=100)

    assert same(files.load(API), look(6000, value=1.0))


def test_what_another_process_has_kept_counts_at_once(tmp_path: Path) -> None:
    one, other = Reads(tmp_path), HistoryFiles(tmp_path)
    for number in range(20):
        files = (one, other)[number % 2]
        files.extend(API, look(6000 + 60 * number, value=number), most=100)

    kept = other.load(API)
    assert kept is not None
    assert kept.column(CPU).tolist() == list(range(20))


def test_of_rows_put_behind_only_the_newest_are_kept(tmp_path: Path) -> None:
    files = HistoryFiles(tmp_path)
    for number in range(600):
        files.extend(API, look(60 * number), most=200)
    files.extend(API, look(10**9 // 60 * 60), most=200)

    kept = files.load(API)

    assert kept is not None
    assert len(kept) <= 250
    assert kept.end == 10**9 // 60 * 60


def test_what_is_of_another_make_is_replaced(tmp_path: Path) -> None:
    files = HistoryFiles(tmp_path)
    files.save(API, history())
    other = History(start=0, step=15, signals=(CPU,), values=np.ones((1, 1), np.float32))

    files.extend(API, other, most=100)

    assert same(files.load(API), other)
