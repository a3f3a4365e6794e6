"""What the latest look said, and what of it is news."""

from datetime import timedelta

from healing.finding import Finding, Kind
from healing.names import ServiceName
from healing.watching import Judgement, Latest
from tests.stories import API, NOON, finding, judgement

DATABASE = ServiceName("database")


def look(minute: int, *findings: Finding, picture: str = "") -> Judgement:
    return judgement(*findings, at=NOON + timedelta(minutes=minute), picture=picture)


def test_a_trouble_that_goes_on_is_news_once_and_one_that_comes_back_is_news_again() -> None:
    latest = Latest()
    looks = [
        look(0),
        look(1, finding()),
        look(2, finding()),
        look(60, finding()),
        look(130, finding()),
    ]
    assert [latest.worth_saying([one]) for one in looks] == [False, True, False, False, True]


def test_a_picture_stays_until_it_is_too_old_for_who_asks() -> None:
    latest = Latest()
    latest.take([look(1, finding(), picture="data:1")])
    latest.take([look(2)])
    assert latest.picture(API, Kind.EXITED, since=NOON) == "data:1"
    assert latest.picture(API, Kind.EXITED, since=NOON + timedelta(minutes=5)) == ""
    assert [one.at for one in latest.of([API])] == [NOON + timedelta(minutes=2)]


def test_who_vanished_is_forgotten_and_the_picture_of_its_incident_a_week_later() -> None:
    latest = Latest()
    latest.take([look(1, finding(), picture="data:1")])
    latest.take([judgement(service=DATABASE, at=NOON + timedelta(days=2))])
    assert [one.service for one in latest.of([API, DATABASE])] == [DATABASE]
    assert latest.picture(API, Kind.EXITED, since=NOON) == "data:1"

    other = finding(service=DATABASE)
    latest.take([judgement(other, service=DATABASE, at=NOON + timedelta(days=8), picture="data:2")])
    assert latest.picture(API, Kind.EXITED, since=NOON) == ""


def test_a_picture_of_other_trouble_since_does_not_take_its_place() -> None:
    latest = Latest()
    full, odd = finding(Kind.EXHAUSTION), finding(Kind.ANOMALY)
    latest.take([look(1, full, odd, picture="data:full")])
    latest.take([look(2, odd, picture="data:odd")])
    assert latest.picture(API, Kind.EXHAUSTION, since=NOON) == "data:full"
    assert latest.picture(API, Kind.ANOMALY, since=NOON) == "data:odd"
