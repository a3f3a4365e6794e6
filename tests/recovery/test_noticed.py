from dataclasses import replace
from datetime import timedelta

from healing.finding import Kind
from healing.names import IncidentId
from healing.policy import Because
from healing.recovery.noticed import MOST, NoticeBook
from tests.stories import NOON, finding, incident

MINUTE = timedelta(minutes=1)
STORY = IncidentId("1k3v9q2f")
ODD = finding(Kind.ANOMALY)


def test_a_finding_made_again_counts_up_and_keeps_its_newest_words() -> None:
    book = NoticeBook()
    for minute in range(3):
        said = replace(ODD, detail=f"after {minute} min")
        book.write(said, Because.WITHOUT_IMPACT, None, now=NOON + minute * MINUTE)

    (one,) = book.all()

    assert (one.first, one.last, one.times) == (NOON, NOON + 2 * MINUTE, 3)
    assert one.finding.detail == "after 2 min"


def test_why_an_incident_began_is_not_forgotten_while_it_is_open() -> None:
    book = NoticeBook()
    book.write(finding(), Because.NEW, STORY, now=NOON)
    book.write(finding(), Because.ALREADY_OPEN, STORY, now=NOON + MINUTE)

    (one,) = book.all()

    assert (one.because, one.incident) == (Because.NEW, STORY)


def test_what_comes_back_after_an_hour_is_another_finding() -> None:
    book = NoticeBook()
    book.write(ODD, Because.WITHOUT_IMPACT, None, now=NOON)
    book.write(ODD, Because.WITHOUT_IMPACT, None, now=NOON + timedelta(hours=2))

    assert [one.first for one in book.all()] == [NOON + timedelta(hours=2), NOON]


def test_what_an_agent_before_us_found_is_known_from_its_incidents() -> None:
    (one,) = NoticeBook().all([incident()])

    assert (one.finding, one.because, one.incident) == (finding(), Because.NEW, STORY)


def test_what_we_noticed_ourselves_is_not_told_a_second_time() -> None:
    book = NoticeBook()
    book.write(finding(), Because.NEW, STORY, now=NOON)

    assert len(book.all([incident()])) == 1


def test_the_memory_is_bounded() -> None:
    book = NoticeBook()
    for number in range(3 * MOST):
        book.write(replace(ODD, signal=f"s{number}"), Because.WITHOUT_IMPACT, None, now=NOON)

    assert len(book.all()) == 2 * MOST
