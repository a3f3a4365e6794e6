"""Signs of looks come back as they were, in bounded room."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from healing.adapters.files import HistoryFiles
from healing.failure import SIGNS, Sign, Signs
from healing.watching.remembered import COLUMNS, KEPT, STEP, Remembered
from tests.stories import API, NOON, seconds

SEEN = Signs(values={Sign.STRANGEST: 3.5, Sign.RESTARTS: 2.0}, full_within=(0.25, 0.5, 0.75))


@pytest.fixture
def remembered(tmp_path: Path) -> Remembered:
    return Remembered(HistoryFiles(tmp_path / "signs"))


def test_signs_come_back_as_they_were_and_what_was_unknown_stays_unknown(
    remembered: Remembered,
) -> None:
    remembered.keep(API, SEEN, now=NOON + seconds(130))

    looks = remembered.of(API)

    assert looks.times.tolist() == [NOON.timestamp() + 130]
    np.testing.assert_array_equal(looks.rows[0], SEEN.row())
    assert np.isnan(looks.rows[0, :, SIGNS.index(Sign.LEAK)]).all()


def test_one_look_in_five_minutes_is_kept_and_gaps_are_no_looks(remembered: Remembered) -> None:
    for minutes in (0, 1, 4, 5, 6, 25):
        remembered.keep(API, SEEN, now=NOON + seconds(60 * minutes))

    assert (remembered.of(API).times - NOON.timestamp()).tolist() == [0, 300, 1500]


def test_room_is_bounded_after_any_time(remembered: Remembered) -> None:
    remembered.keep(API, SEEN, now=NOON)
    remembered.keep(API, SEEN, now=NOON + KEPT / 2)
    remembered.keep(API, SEEN, now=NOON + 10 * KEPT)
    remembered.keep(API, SEEN, now=NOON + 10 * KEPT + timedelta(seconds=STEP))

    kept = remembered.store.load(API)
    assert kept is not None
    assert len(kept) < 1.2 * KEPT.total_seconds() / STEP
    assert len(remembered.of(API).times) == 2


def test_nothing_is_read_from_another_make(remembered: Remembered) -> None:
    remembered.keep(API, SEEN, now=NOON)
    kept = remembered.store.load(API)
    assert kept is not None
    remembered.store.save(API, replace(kept, signals=(*COLUMNS[:-1], COLUMNS[-1] + "x")))

    assert not len(remembered.of(API).times)
    remembered.keep(API, SEEN, now=NOON)
    assert len(remembered.of(API).times) == 1
