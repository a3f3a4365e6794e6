"""What was learnt, told so that a person sees which model won, and by what."""

from healing.report import Lesson, Shown, training_report


def test_champion_and_challenger_stand_side_by_side() -> None:
    told = training_report(
        [
            Lesson(
                service="api",
                result="no better",
                why="it found 50 %",
                champion=Shown(0.875, 0.01),
                challenger=Shown(0.5, 0.004),
            ),
            Lesson(service="db", result="learnt", why="it is its turn", version="7"),
        ]
    )

    assert "| api | no better | 88% found, 1.00% false | 50% found, 0.40% false | - |" in told
    assert "| db | learnt | - | - | 7 | it is its turn |" in told


def test_what_was_learnt_of_failures_is_said_below_and_a_long_list_is_cut() -> None:
    lessons = [Lesson(service=f"s{n}", result="learnt", why="a|b") for n in range(130)]

    told = training_report(lessons, "failures: learnt from 4")

    assert "30 more are not shown." in told
    assert "a\\|b" in told
    assert told.endswith("Of all services together: failures: learnt from 4.\n")
