"""What a look ahead saw, told so that the worst comes first."""

from healing.report import Row, look_ahead_report


def test_those_with_findings_come_first_then_the_strangest() -> None:
    rows = [
        Row(service="calm", score=0.1, fails=0.01, why=""),
        Row(service="blind", score=None, fails=0.02, why="no model"),
        Row(service="odd", score=0.95, fails=0.05, why="latency is high"),
        Row(service="leaking", score=0.3, fails=0.9, why="", findings=["memory full in 20 min"]),
    ]
    told = look_ahead_report(rows)
    places = [told.index(f"| {name} |") for name in ("leaking", "odd", "calm", "blind")]
    assert places == sorted(places)
    assert "| blind | unknown | 2.0% | no model |" in told


def test_what_is_strange_and_was_found_is_said_once() -> None:
    jump = "commands jumped to 43 1/s"
    told = look_ahead_report(
        [Row(service="cache", score=0.999, fails=0.2, why=jump, findings=[jump])]
    )
    assert told.count(jump) == 1


def test_each_finding_has_its_picture_and_a_long_list_is_cut() -> None:
    picture = "data:image/svg+xml;base64,AAAA"
    rows = [Row(service=f"s{n}", score=0.1, fails=0.0, why="") for n in range(30)]
    told = look_ahead_report([*rows, Row(service="x", score=1, fails=1, why="", picture=picture)])
    assert f"![x]({picture})" in told
    assert "11 more are less strange." in told


def test_what_others_wrote_stays_text() -> None:
    told = look_ahead_report([Row(service="a|b", score=0, fails=0, why="<img src=x>\nnext")])
    assert "| a\\|b |" in told
    assert "&lt;img src=x> next" in told
