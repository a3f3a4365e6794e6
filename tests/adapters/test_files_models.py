import json
import multiprocessing
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from healing.adapters.files import ModelFiles, key_in, models
from healing.errors import ModelUnusableError, SetupError
from healing.ports import Manifest, StoredModel
from tests.adapters.disk import no_more_files, no_room

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
KEY = b"a key of the tests"


def model(number: int = 0) -> StoredModel:
    manifest = Manifest(
        kind="anomaly",
        schema=1,
        code_version="0.1.0",
        made_at=NOON,
        data_from=NOON,
        data_until=NOON,
        signals=("cpu", "memory"),
        scores={"found": 0.25},
    )
    return StoredModel(manifest, {"trees": np.arange(1000) + number, "level": np.ones(3, "f4")})


def number_of(found: StoredModel) -> int:
    return int(found.arrays["trees"][0])


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    ModelFiles(tmp_path, key=KEY).save("api", model())

    found = ModelFiles(tmp_path, key=KEY).load("api")

    assert found.manifest == model().manifest
    assert {name: array.dtype for name, array in found.arrays.items()} == {
        "trees": np.dtype("i8"),
        "level": np.dtype("f4"),
    }
    assert np.array_equal(found.arrays["trees"], np.arange(1000))


def test_the_newest_of_three_versions_counts(tmp_path: Path) -> None:
    store = ModelFiles(tmp_path, versions=3, key=KEY)
    names = [store.save("api", model(number)) for number in range(12)]

    assert number_of(store.load("api")) == 11
    assert sorted(path.name for path in (tmp_path / "api").iterdir()) == names[-3:]


def test_a_model_that_was_never_trained_is_unusable(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusableError, match="train"):
        ModelFiles(tmp_path, key=KEY).load("api")


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        pytest.param("arrays.npz", lambda data: data[:-1], id="arrays cut short"),
        pytest.param("arrays.npz", lambda data: data[:99] + b"?" + data[100:], id="one byte wrong"),
        pytest.param("manifest.json", lambda data: data[:-9], id="manifest cut short"),
        pytest.param("manifest.json", lambda _: b"[]", id="another manifest"),
        pytest.param(
            "manifest.json",
            lambda data: data.replace(b"2026", b"never"),
            id="a manifest that makes no sense",
        ),
    ],
)
def test_a_damaged_version_is_set_aside_for_the_one_before(
    tmp_path: Path, file: str, damage, caplog: pytest.LogCaptureFixture
) -> None:
    store = ModelFiles(tmp_path, key=KEY)
    store.save("api", model(1))
    newest = tmp_path / "api" / store.save("api", model(2))
    (newest / file).write_bytes(damage((newest / file).read_bytes()))

    assert number_of(store.load("api")) == 1
    assert not newest.exists()
    assert "model set aside" in caplog.text


def test_what_cannot_be_read_now_is_not_set_aside(tmp_path: Path) -> None:
    store = ModelFiles(tmp_path, key=KEY)
    store.save("api", model(1))
    newest = tmp_path / "api" / store.save("api", model(2))
    with no_more_files(), pytest.raises(ModelUnusableError):
        store.load("api")
    assert number_of(store.load("api")) == 2

    (newest / "arrays.npz").rename(tmp_path / "elsewhere")
    (newest / "arrays.npz").mkdir()
    assert number_of(store.load("api")) == 1
    (newest / "arrays.npz").rmdir()
    (tmp_path / "elsewhere").rename(newest / "arrays.npz")
    assert number_of(store.load("api")) == 2


def test_arrays_of_another_version_are_not_those_of_the_manifest(tmp_path: Path) -> None:
    store = ModelFiles(tmp_path, key=KEY)
    first = tmp_path / "api" / store.save("api", model(1))
    second = tmp_path / "api" / store.save("api", model(2))
    shutil.copy(first / "arrays.npz", second / "arrays.npz")

    assert store.load("api").arrays["trees"][0] == 1
    assert not second.exists()


@pytest.mark.parametrize("name", ["../escape", "..", ".", "a/b", ".hidden", "ünïcode", "last"])
def test_no_name_leads_out_of_the_directory(tmp_path: Path, name: str) -> None:
    store = ModelFiles(tmp_path / "inside", key=KEY)

    store.save(name, model(3))

    assert number_of(store.load(name)) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["inside"]
    (folder,) = (tmp_path / "inside").iterdir()
    assert [path.name for path in folder.iterdir()] == ["00000001"]


def test_with_every_version_damaged_there_is_none(tmp_path: Path) -> None:
    store = ModelFiles(tmp_path, key=KEY)
    for number in range(3):
        version = tmp_path / "api" / store.save("api", model(number))
        (version / "arrays.npz").write_bytes(b"")

    with pytest.raises(ModelUnusableError):
        store.load("api")

    store.save("api", model(7))
    assert number_of(store.load("api")) == 7


def test_a_pickle_in_place_of_arrays_is_never_opened(tmp_path: Path) -> None:
    store = ModelFiles(tmp_path, key=KEY)
    objects = np.array([{"a": 1}], object)
    store.save("api", StoredModel(model().manifest, {"trees": objects}))

    with pytest.raises(ModelUnusableError):
        store.load("api")


def test_a_disk_that_is_full_leaves_the_old_version(tmp_path: Path) -> None:
    store = ModelFiles(tmp_path, key=KEY)
    store.save("api", model(1))

    with no_room(), pytest.raises(SetupError, match="cannot be written"):
        store.save("api", model(2))

    assert number_of(store.load("api")) == 1
    assert [path.name for path in (tmp_path / "api").iterdir()] == ["00000001"]


def test_other_models_are_forgotten(tmp_path: Path) -> None:
    store = ModelFiles(tmp_path, key=KEY)
    for name in ("api", "old"):
        store.save(name, model())

    store.keep_only(["api"], before=datetime.now(UTC) - timedelta(hours=1))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["api", "old"]

    store.keep_only(["api"], before=datetime.now(UTC) + timedelta(hours=1))
    assert [path.name for path in tmp_path.iterdir()] == ["api"]


@pytest.mark.parametrize("part", ["code_version", "data_until", "found", "sha256", "signature"])
def test_a_manifest_that_somebody_changed_is_not_believed(tmp_path: Path, part: str) -> None:
    store = ModelFiles(tmp_path, key=KEY)
    label = tmp_path / "api" / store.save("api", model()) / "manifest.json"
    said = json.loads(label.read_text())
    where = next(d for d in (said, said["manifest"], said["manifest"]["scores"]) if part in d)
    where[part] = 0.99 if part == "found" else "2020-01-01T00:00:00Z"
    label.write_text(json.dumps(said))

    with pytest.raises(ModelUnusableError, match="train"):
        store.load("api")


def test_arrays_that_somebody_exchanged_with_their_manifest_are_not_believed(
    tmp_path: Path,
) -> None:
    theirs, ours = ModelFiles(tmp_path / "b", key=b"theirs"), ModelFiles(tmp_path / "a", key=KEY)
    version = ours.save("api", model(1))
    other = theirs.save("api", model(2))
    newer = tmp_path / "a" / "api" / "00000002"
    shutil.copytree(tmp_path / "b" / "api" / other, newer)

    assert number_of(ours.load("api")) == 1
    assert not newer.exists()
    assert version == "00000001"


def test_the_key_is_made_once_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: key_in(tmp_path / "state" / "model.key"), range(40)))

    assert len(keys) == 1
    assert len(keys.pop()) == 64
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["model.key"]
    assert (tmp_path / "state" / "model.key").stat().st_mode & 0o777 == 0o600


def test_what_a_killed_trainer_left_behind_is_cleared_away(tmp_path: Path) -> None:
    store = ModelFiles(tmp_path, key=KEY)
    left = tmp_path / "api" / store.save("api", model())
    left = left.rename(left.with_name("x.unfinished"))
    os.utime(left, (time.time() - 7200,) * 2)

    store.save("api", model())

    assert not left.exists()


def test_a_number_that_another_trainer_has_just_taken_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ModelFiles(tmp_path, key=KEY)
    store.save("api", model(1))
    seen_before = lambda _folder: list[Path]()  # noqa: E731 what was there when we looked
    with monkeypatch.context() as patch:
        patch.setattr(models, "_versions", seen_before)
        name = store.save("api", model(2))

    assert name == "00000002"
    assert number_of(store.load("api")) == 2


def train(directory: Path, number: int) -> None:
    for _ in range(20):
        ModelFiles(directory, versions=100, key=KEY).save("api", model(number))


def test_two_trainers_at_once_lose_no_version(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    trainers = [context.Process(target=train, args=(tmp_path, n)) for n in (1, 2)]
    for trainer in trainers:
        trainer.start()
    for trainer in trainers:
        trainer.join()

    assert [trainer.exitcode for trainer in trainers] == [0, 0]
    assert len(list((tmp_path / "api").iterdir())) == 40
    shutil.rmtree(tmp_path)
