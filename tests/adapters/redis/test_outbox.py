from healing.adapters.redis.outbox import BAD_NEWS_EVERY, Outbox
from healing.breakers import Delta

WINDOW = 60.0
EPOCH = 4


def good(calls: int) -> Delta:
    return Delta(ok=calls, failed=0, slow=0)


def bad(calls: int) -> Delta:
    return Delta(ok=0, failed=calls, slow=0)


def outbox(at: float = 0.0) -> Outbox:
    box = Outbox("pod-1", WINDOW)
    box.next(at)
    box.answered(at)
    return box


def test_a_new_process_reports_at_once_that_it_is_there():
    box = Outbox("pod-1", WINDOW)
    assert box.due() < 0
    assert (box.next(0).calls, box.next(0).number) == (0, 1)


def test_failures_go_out_at_once_and_good_calls_wait_for_company():
    box = outbox()
    box.put(good(3), EPOCH, 10)
    assert box.due() == WINDOW / 30
    box.put(bad(1), EPOCH, 10)
    assert box.due() == BAD_NEWS_EVERY
    report = box.next(10)
    assert (report.calls, report.failed) == (4, 1)


def test_nothing_to_say_is_not_said():
    assert outbox().due() == float("inf")


def test_a_report_without_an_answer_is_sent_again_as_it_was():
    box = outbox()
    box.put(bad(2), EPOCH, 1)
    first = box.next(1)
    box.put(bad(5), EPOCH, 2)
    assert box.next(2) == first
    box.answered(2)
    assert (box.next(3).failed, box.next(3).number) == (5, first.number + 1)


def test_what_is_older_than_the_window_is_not_sent_any_more():
    box = outbox()
    box.put(bad(2), EPOCH, 1)
    box.next(1)
    box.put(bad(3), EPOCH, 20)
    box.put(bad(4), EPOCH, 50)
    assert box.next(85).failed == 4


def test_what_was_counted_in_an_epoch_that_is_over_is_not_sent():
    box = outbox()
    box.put(bad(2), EPOCH, 1)
    box.put(bad(3), EPOCH + 1, 2)
    report = box.next(2)
    assert (report.failed, report.epoch) == (3, EPOCH + 1)


def test_a_process_that_refuses_says_so_at_once_and_goes_on_saying_it():
    box = outbox()
    tripped = Delta(ok=0, failed=0, slow=0, is_tripped=True, told=1.5)
    box.put(tripped, EPOCH, 1)
    assert box.due() == BAD_NEWS_EVERY
    report = box.next(1)
    assert (report.is_tripped, report.told) == (True, 1500)
    box.answered(1)
    box.put(tripped, EPOCH, 2)
    assert box.due() == 1 + WINDOW / 30
