from pathlib import Path

from healing.names import Actor
from healing.recovery.switch import Switch
from tests.stories import NOON


def test_it_is_on_unless_somebody_switched_it_off(tmp_path: Path) -> None:
    assert Switch(tmp_path / "paused").why_off() == ""


def test_switching_off_outlives_the_agent(tmp_path: Path) -> None:
    Switch(tmp_path / "paused").off(by=Actor("ada"), reason="migration", at=NOON)

    said = Switch(tmp_path / "paused").why_off()
    assert said == "switched off by ada at 2026-01-01 12:00 UTC: migration"
    Switch(tmp_path / "paused").on()
    assert Switch(tmp_path / "paused").why_off() == ""


def test_a_file_that_somebody_made_by_hand_switches_off_too(tmp_path: Path) -> None:
    (tmp_path / "paused").touch()
    assert "switched off by unknown" in Switch(tmp_path / "paused").why_off()


def test_a_paused_work_pool_switches_off_as_well(tmp_path: Path) -> None:
    switch = Switch(tmp_path / "paused")
    switch.pool_paused = "work pool 'fastlane' is paused in Prefect"
    assert switch.why_off() == "work pool 'fastlane' is paused in Prefect"
