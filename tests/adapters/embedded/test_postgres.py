from pathlib import Path

from healing.adapters.embedded.postgres import is_ready


def test_a_file_that_a_killed_server_left_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    said = "41\n/data\n1780000000\n0\n/sockets\n\n    0     0\nready   \n"
    (tmp_path / "data" / "postmaster.pid").write_text(said)

    assert is_ready(tmp_path, 41)
    assert not is_ready(tmp_path, 42)
