from pathlib import Path

import numpy as np
import pytest

from healing.adapters.files import ModelFiles, RememberedModels
from healing.errors import ModelUnusableError
from tests.adapters.test_files_models import KEY, model, number_of

SIZE = sum(array.nbytes for array in model().arrays.values())


class Reads(ModelFiles):
    """Model files that note what is read."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, key=KEY)
        self.names: list[str] = []

    def load(self, name: str):
        self.names.append(name)
        return super().load(name)


@pytest.fixture
def files(tmp_path: Path) -> Reads:
    return Reads(tmp_path)


def test_a_version_is_read_once(files: Reads) -> None:
    files.save("api", model(1))
    models = RememberedModels(files)

    assert [number_of(models.load("api")) for _ in range(5)] == [1] * 5
    assert files.names == ["api"]


def test_a_new_version_counts_at_once_whoever_wrote_it(files: Reads, tmp_path: Path) -> None:
    models, trainer = RememberedModels(files), ModelFiles(tmp_path, key=KEY)

    for number in range(6):
        trainer.save("api", model(number))
        assert number_of(models.load("api")) == number


def test_a_version_written_under_a_number_that_was_used_before_counts(
    files: Reads, tmp_path: Path
) -> None:
    models = RememberedModels(files)
    (tmp_path / "api" / files.save("api", model(1))).rename(tmp_path / "away")
    with pytest.raises(ModelUnusableError):
        models.load("api")
    files.save("api", model(1))
    assert number_of(models.load("api")) == 1
    (tmp_path / "api" / "00000001").rename(tmp_path / "away too")

    files.save("api", model(2))

    assert number_of(models.load("api")) == 2


def test_a_model_that_is_gone_is_not_remembered(files: Reads, tmp_path: Path) -> None:
    models = RememberedModels(files)
    version = tmp_path / "api" / files.save("api", model(1))
    models.load("api")
    version.rename(tmp_path / "away")

    with pytest.raises(ModelUnusableError):
        models.load("api")


def test_a_newer_version_that_is_damaged_is_set_aside_for_the_one_before(
    files: Reads, tmp_path: Path
) -> None:
    models = RememberedModels(files)
    files.save("api", model(1))
    models.load("api")
    newer = tmp_path / "api" / files.save("api", model(2))
    (newer / "arrays.npz").write_bytes(b"")

    assert [number_of(models.load("api")) for _ in range(3)] == [1] * 3
    assert not newer.exists()


def test_what_is_remembered_is_bounded_and_a_round_still_finds_most_of_it(files: Reads) -> None:
    names = [f"service-{number}" for number in range(10)]
    for number, name in enumerate(names):
        files.save(name, model(number))
    models = RememberedModels(files, most_bytes=8 * SIZE)
    for _ in range(4):
        assert [number_of(models.load(name)) for name in names] == list(range(10))
    files.names.clear()

    for name in names:
        models.load(name)

    assert 2 <= len(files.names) <= 4


def test_services_that_are_gone_make_room(files: Reads) -> None:
    models = RememberedModels(files, most_bytes=4 * SIZE)
    for name in ("a", "b", "c", "d", "new", "newer"):
        files.save(name, model())
    for name in ("a", "b", "c", "d"):
        models.load(name)

    for _ in range(8):
        models.load("new")
        models.load("newer")
    files.names.clear()
    models.load("new")
    models.load("newer")

    assert files.names == []


def test_nobody_can_change_what_is_remembered(files: Reads) -> None:
    files.save("api", model(1))
    models = RememberedModels(files)

    with pytest.raises(ValueError, match="read-only"):
        models.load("api").arrays["trees"] += np.int64(1)

    assert number_of(models.load("api")) == 1
