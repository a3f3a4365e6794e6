"""What is behind the address is not always a Prometheus in good health."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator

import pytest

from healing.adapters.prometheus import Patience, PrometheusSource
from healing.adapters.prometheus import session as bounded
from healing.errors import SourceUnavailableError, WrongSourceError
from healing.history import Answer, Read
from healing.names import SignalName

OK = json.dumps(
    {"status": "success", "data": {"resultType": "vector", "result": [{"value": [0, "7"]}]}}
)
MEMORY = Read(signal=SignalName("memory"), query="memory", start=0, end=60, step=15)


class Stranger:
    """A server that answers as it is told."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, str]] = []
        """Status and body, one for each request; the last is repeated."""
        self.headers: dict[str, str] = {}
        self.drip = False
        """Send the body a byte at a time, without an end."""
        self.seen: list[http.server.BaseHTTPRequestHandler] = []
        self._closing = threading.Event()
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.seen.append(self)
                status, body = owner.answers[0]
                if len(owner.answers) > 1:
                    owner.answers.pop(0)
                self.send_response(status)
                for name, value in owner.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if owner.drip:
                    self._drip()
                else:
                    self.wfile.write(body.encode())

            def _drip(self) -> None:
                try:
                    while not owner._closing.wait(0.05):
                        self.wfile.write(b" ")
                except OSError:
                    pass

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    server = Stranger()
    yield server
    server.close()


MakeSource = Callable[..., PrometheusSource]


@pytest.fixture
def source_at() -> Iterator[MakeSource]:
    made = list[PrometheusSource]()

    def make(url: str, **kwargs: object) -> PrometheusSource:
        patience = Patience(timeout=1.0, tries=3, first_wait=0.0)
        made.append(PrometheusSource(url, **{"patience": patience, **kwargs}))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for source in made:
        source.close()


@pytest.mark.parametrize(
    ("answer", "complaint", "asked"),
    [
        pytest.param((200, "<html>Welcome!"), "is the address right", 1, id="a web page"),
        pytest.param((200, '{"status": "success"}'), "is the address right", 1, id="another API"),
        pytest.param((404, "not found"), r"\(status 404\)", 1, id="a wrong path prefix"),
        pytest.param((400, "<html>bad request"), r"\(status 400\)", 1, id="a proxy that objects"),
        pytest.param((401, "who are you"), "credentials", 1, id="a wrong token"),
        pytest.param((403, "not you"), "credentials", 1, id="a token without the right"),
        pytest.param((500, "oops"), "answered 500: oops", 3, id="it broke"),
        pytest.param((503, '{"error": "query timed out"}'), "query timed out", 3, id="overloaded"),
        pytest.param((429, "slow down"), "answered 429", 3, id="rate limited"),
    ],
)
def test_no_answer_is_tried_again_only_if_that_may_help(
    stranger: Stranger,
    source_at: MakeSource,
    answer: tuple[int, str],
    complaint: str,
    asked: int,
) -> None:
    stranger.answers = [answer]

    with pytest.raises(SourceUnavailableError, match=complaint):
        source_at(f"http://{stranger.address}").ping()

    assert len(stranger.seen) == asked


def test_a_store_that_recovers_in_time_is_not_missed(
    stranger: Stranger, source_at: MakeSource
) -> None:
    stranger.answers = [(503, "starting"), (502, "starting"), (200, OK)]

    source_at(f"http://{stranger.address}").ping()

    assert len(stranger.seen) == 3


def test_each_wait_is_twice_the_last_give_or_take_a_half(
    stranger: Stranger, source_at: MakeSource
) -> None:
    stranger.answers = [(500, "oops")]
    waits = list[float]()
    source = source_at(
        f"http://{stranger.address}",
        patience=Patience(timeout=1.0, tries=4, first_wait=1.0),
        sleep=waits.append,
        jitter=iter([0.0, 1.0, 0.5]).__next__,
    )

    with pytest.raises(SourceUnavailableError):
        source.ping()

    assert waits == [0.5, 3.0, 4.0]


def test_a_redirect_is_not_followed_but_told(stranger: Stranger, source_at: MakeSource) -> None:
    stranger.answers = [(302, "")]
    stranger.headers = {"Location": "https://me:secret@login.example/"}

    with pytest.raises(SourceUnavailableError, match=r"sends us on to https://login\.example/"):
        source_at(f"http://{stranger.address}").ping()

    assert len(stranger.seen) == 1


def test_an_answer_that_drips_is_given_up_in_time(
    stranger: Stranger, source_at: MakeSource
) -> None:
    stranger.answers = [(200, "")]
    stranger.drip = True

    with pytest.raises(SourceUnavailableError, match="did not answer within 1 s"):
        source_at(f"http://{stranger.address}").ping()


def test_an_answer_that_would_not_fit_is_refused(
    stranger: Stranger, source_at: MakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "MOST_BYTES", 1 << 20)
    stranger.answers = [(200, " " * (2 << 20) + OK)]

    with pytest.raises(SourceUnavailableError, match="larger than 1 MiB"):
        source_at(f"http://{stranger.address}").ping()


def test_histograms_are_not_numbers(stranger: Stranger, source_at: MakeSource) -> None:
    native = {"metric": {}, "histograms": [[0, {"count": "1"}]]}
    stranger.answers = [(200, json.dumps({"data": {"result": [native]}}))]

    (reading,) = source_at(f"http://{stranger.address}").read([MEMORY])

    assert reading.answer is Answer.BAD_QUERY
    assert "histograms" in reading.detail


NOT_SAMPLES = {
    "a store of logs": [{"stream": {"job": "api"}, "values": [["0", "started"]]}],
    "a scalar": [0, "1"],
    "a word for a number": [{"metric": {}, "values": [[0, "up"]]}],
    "half a sample": [{"metric": {}, "values": [[0]]}],
    "a sample without a time": [{"metric": {}, "values": [[None, "1"]]}],
    "no samples": [{"metric": {}, "values": None}],
    "no labels": [{"metric": None, "values": [[0, "1"]]}],
}


@pytest.mark.parametrize("result", NOT_SAMPLES.values(), ids=NOT_SAMPLES.keys())
def test_what_is_no_series_of_samples_is_a_state(
    stranger: Stranger, source_at: MakeSource, result: object
) -> None:
    stranger.answers = [(200, json.dumps({"data": {"result": result}}))]

    (reading,) = source_at(f"http://{stranger.address}").read([MEMORY])

    assert reading.answer is Answer.UNREACHABLE
    assert f"{stranger.address} answers with what are no series of samples" in reading.detail
    assert (reading.times.size, reading.until) == (0, None)


@pytest.mark.parametrize("result", NOT_SAMPLES.values(), ids=NOT_SAMPLES.keys())
def test_what_answers_a_ping_with_anything_else_is_no_metric_store(
    stranger: Stranger, source_at: MakeSource, result: object
) -> None:
    stranger.answers = [(200, json.dumps({"data": {"result": result}}))]

    with pytest.raises(WrongSourceError, match="what are no series of samples"):
        source_at(f"http://{stranger.address}").ping()


def test_what_was_answered_before_the_trouble_is_kept(
    stranger: Stranger, source_at: MakeSource
) -> None:
    part = {"data": {"result": [{"metric": {}, "values": [[0, "1"], [15, "2"]]}]}}
    stranger.answers = [(200, json.dumps(part)), (500, "oops")]
    long = Read(signal=MEMORY.signal, query="memory", start=0, end=15 * 20_000, step=15)

    (reading,) = source_at(f"http://{stranger.address}").read([long])

    assert reading.answer is Answer.UNREACHABLE
    assert reading.values.tolist() == [1.0, 2.0]
    assert reading.until == 15 * 10_999


def test_credentials_are_sent_and_never_shown(
    stranger: Stranger, source_at: MakeSource, monkeypatch: pytest.MonkeyPatch, tmp_path_factory
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine 127.0.0.1 login nobody password nothing\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    stranger.answers = [(500, "oops")]

    with pytest.raises(SourceUnavailableError) as by_url:
        source_at(f"http://me:secret@{stranger.address}").ping()
    with pytest.raises(SourceUnavailableError) as by_header:
        source_at(f"http://{stranger.address}", headers={"Authorization": "Bearer secret"}).ping()

    assert {handler.headers["Authorization"] for handler in stranger.seen} == {
        "Basic bWU6c2VjcmV0",
        "Bearer secret",
    }
    assert "secret" not in f"{by_url.value}{by_header.value}"
