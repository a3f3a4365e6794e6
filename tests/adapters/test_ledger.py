import errno
import os
from datetime import timedelta
from pathlib import Path

import pytest

from healing.adapters.ledger import FileLedger
from healing.errors import LedgerFullError
from healing.incidents import (
    Begun,
    Cause,
    Code,
    Diagnosed,
    Entry,
    Exhibit,
    Looked,
    Opened,
    Recorded,
)
from healing.names import AGENT, IncidentId
from tests.incidents.test_lifecycle import ACT, DONE, GO, HEALED, HELD, INTENDED, STABLE
from tests.stories import API, API_1, NOON, finding, seconds

OPENED = Opened(service=API, instance=API_1, finding=finding(), by=AGENT, key="k")
EVERY_EVENT = [
    OPENED,
    Begun(AGENT),
    Looked((Exhibit("state", "exited, “137”"),), "last\nlines\n"),
    Diagnosed((Cause(code=Code.KILLED, confidence=0.9, evidence=("KILL",)),)),
    ACT,
    HELD,
    GO,
    INTENDED,
    DONE,
    STABLE,
    HEALED,
    Recorded(run="r1", live=False),
]
STORY = [
    Entry(NOON + seconds(n), IncidentId("1k3v9q2f"), event) for n, event in enumerate(EVERY_EVENT)
]


def test_every_event_comes_back_as_it_was_written(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path)
    for entry in STORY:
        ledger.append(entry)

    assert list(FileLedger(tmp_path).entries()) == STORY


def test_a_line_torn_by_a_crash_costs_that_line_only(tmp_path: Path) -> None:
    first = FileLedger(tmp_path)
    first.append(STORY[0])
    first.append(STORY[1])
    (file,) = tmp_path.glob("*.jsonl")
    file.write_bytes(file.read_bytes()[:-20])

    second = FileLedger(tmp_path)
    second.append(STORY[2])

    assert list(second.entries()) == [STORY[0], STORY[2]]


def test_a_full_disk_is_said_and_leaves_no_half_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = FileLedger(tmp_path)
    ledger.append(STORY[0])
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: real(file, data[:10]))
    with pytest.raises(LedgerFullError, match=os.strerror(errno.ENOSPC)):
        ledger.append(STORY[1])
    monkeypatch.undo()
    ledger.append(STORY[2])

    assert list(ledger.entries()) == [STORY[0], STORY[2]]


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerFullError, match="cannot be written"):
        FileLedger(tmp_path / "file" / "ledger")


def test_each_day_has_a_file_and_old_ones_go(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path, keep=timedelta(days=2))
    for day in range(5):
        ledger.append(Entry(NOON + timedelta(days=day), IncidentId(f"i{day}"), OPENED))

    assert [f.stem for f in sorted(tmp_path.glob("*"))] == [
        "2026-01-03",
        "2026-01-04",
        "2026-01-05",
    ]
    recent = ledger.entries(since=NOON + timedelta(days=4))
    assert [entry.incident for entry in recent] == ["i4"]
