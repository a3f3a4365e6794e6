from healing.incidents import Acted, Begun, Book, Closed, Ending, Entry, Opened, Outcome
from healing.incidents.book import KEEP_CLOSED
from healing.names import AGENT, IncidentId, InstanceName
from healing.policy import Because
from tests.incidents.test_lifecycle import DONE, INTENDED
from tests.stories import API, API_1, NOON, finding, seconds

OVER = Closed(ending=Ending.RECOVERED, because=Because.WELL_AGAIN, detail="")


def opening(
    name: str, at: float = 0, instance: InstanceName | None = API_1, key: str = ""
) -> Entry:
    event = Opened(service=API, instance=instance, finding=finding(), by=AGENT, key=key)
    return Entry(NOON + seconds(at), IncidentId(name), event)


def line(name: str, event, at: float) -> Entry:
    return Entry(NOON + seconds(at), IncidentId(name), event)


def test_it_knows_what_the_ledger_says() -> None:
    book = Book([opening("a"), line("a", Begun(AGENT), 1), opening("b", 2), line("b", OVER, 3)])

    assert [i.id for i in book.all()] == ["a", "b"]
    assert [i.id for i in book.open()] == ["a"]
    assert book.get(IncidentId("c")) is None


def test_a_line_about_an_unknown_incident_is_left_out() -> None:
    assert Book().write(line("a", OVER, 0)) is None


def test_an_incident_of_the_service_as_a_whole_is_about_each_of_its_containers() -> None:
    whole = Book([opening("a", instance=None)])
    one = Book([opening("a")])

    assert whole.about(API, API_1)
    assert one.about(API, API_1)
    assert one.about(API, InstanceName("shop-api-2")) is None


def test_acts_are_found_by_service_and_time() -> None:
    book = Book([opening("a"), line("a", INTENDED, 10), line("a", DONE, 11)])

    assert len(book.acts(API, since=NOON)) == 1
    assert not book.acts(API, since=NOON + seconds(20))


def test_an_act_by_which_nothing_was_done_is_none() -> None:
    away = Acted(outcome=Outcome.NOT_BEGUN, detail="no answer", took=seconds(5))
    book = Book([opening("a"), line("a", INTENDED, 1), line("a", away, 2)])
    assert book.acts(API, since=NOON) == ()


def test_a_key_is_found_again_after_the_end() -> None:
    book = Book([opening("a", key="deploy-7"), line("a", OVER, 1)])

    assert book.asked_with("deploy-7")
    assert not book.asked_with("")


def test_it_forgets_old_ends_and_never_what_is_open() -> None:
    book = Book([opening("still-open")])
    for number in range(KEEP_CLOSED + 50):
        book.write(opening(f"n{number}", number))
        book.write(line(f"n{number}", OVER, number))

    assert len(book.all()) == KEEP_CLOSED
    assert book.get(IncidentId("still-open"))
    assert book.get(IncidentId("n0")) is None
