"""Asking a container whether it works: real servers that are well, slow, silent or gone."""

import contextlib
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from healing.adapters import probes
from healing.adapters.probes import NetworkProber
from healing.adapters.processes import ProcessHost, Program
from healing.instances import Instance, Status
from healing.names import InstanceName
from healing.services import Exec, Http, Probe, Tcp
from tests.real import free_port, wait_until

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HERE = Instance(id="1", name=InstanceName("shop"), status=Status.RUNNING, address="127.0.0.1")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Serve = Callable[..., int]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve on loopback: each connection is handled by the function given. Returns the port."""
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def start(handle: Callable[[socket.socket], None]) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(0.05)

        def run() -> None:
            with listener:
                while not stop.is_set():
                    with contextlib.suppress(TimeoutError, OSError):
                        connection, _ = listener.accept()
                        with connection:
                            handle(connection)

        thread = threading.Thread(target=run)
        threads.append(thread)
        thread.start()
        return listener.getsockname()[1]

    yield start
    stop.set()
    for thread in threads:
        thread.join(10)


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessHost]:
    host = ProcessHost(tmp_path_factory.mktemp("host"))
    sleep = (sys.executable, "-c", "import time; time.sleep(600)")
    host.up([Program(name=HERE.name, argv=sleep)])
    yield host
    host.down()


@pytest.fixture
def prober(inside: ProcessHost) -> NetworkProber:
    return NetworkProber(inside, now=lambda: NOON)


def says(answer: bytes) -> Callable[[socket.socket], None]:
    def handle(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(answer)

    return handle


def http(url: str, *, seconds: float = 5.0) -> Probe:
    return Probe(check=Http(url), timeout=timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("status", "good"),
    [
        pytest.param("200 OK", True, id="ok"),
        pytest.param("204 No Content", True, id="nothing to say"),
        pytest.param("302 Found", True, id="elsewhere"),
        pytest.param("404 Not Found", False, id="not found"),
        pytest.param("500 Internal Server Error", False, id="failed"),
        pytest.param("503 Service Unavailable", False, id="not ready"),
    ],
)
def test_an_http_answer_is_good_from_200_to_399(
    prober: NetworkProber, serve: Serve, status: str, *, good: bool
) -> None:
    port = serve(says(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()))

    result = prober.ask(http(f"http://:{port}/health"), HERE)

    assert result.ok is good
    assert status[:3] in result.detail
    assert result.at == NOON


def test_a_bad_answer_is_quoted(prober: NetworkProber, serve: Serve) -> None:
    port = serve(says(b"HTTP/1.1 503 No\r\nContent-Length: 12\r\n\r\nno database\n"))

    assert "HTTP 503: no database" in prober.ask(http(f"http://:{port}/"), HERE).detail


def test_the_server_is_asked_for_the_path_and_by_its_name(
    prober: NetworkProber, serve: Serve
) -> None:
    asked: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        asked.append(connection.recv(4096))
        connection.sendall(OK)

    port = serve(handle)

    assert prober.ask(http(f"http://localhost:{port}/health?deep=1"), HERE).ok
    assert asked[0].startswith(b"GET /health?deep=1 HTTP/1.1\r\n")
    assert f"Host: localhost:{port}\r\n".encode() in asked[0]


def test_a_refused_connection_is_a_bad_answer(prober: NetworkProber) -> None:
    result = prober.ask(http(f"http://:{free_port()}/"), HERE)

    assert not result.ok
    assert "refused" in result.detail


def test_silence_is_a_bad_answer_when_the_time_is_up(prober: NetworkProber, serve: Serve) -> None:
    port = serve(lambda connection: (connection.recv(4096), connection.recv(1)))

    result = prober.ask(http(f"http://:{port}/", seconds=0.3), HERE)

    assert not result.ok
    assert "no answer within 0.3 s" in result.detail


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"])
def test_an_answer_that_drips_has_failed_when_the_time_is_up(
    prober: NetworkProber, serve: Serve, head: bytes
) -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(head)
        for letter in b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n":
            connection.sendall(bytes([letter]))
            time.sleep(0.1)

    port = serve(drip)

    result = prober.ask(http(f"http://:{port}/", seconds=0.5), HERE)

    assert not result.ok
    assert result.took < timedelta(seconds=1)


def test_an_endless_answer_is_enough_at_some_point(prober: NetworkProber, serve: Serve) -> None:
    def flood(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    assert prober.ask(http(f"http://:{serve(flood)}/"), HERE).ok


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", id="half of it"),
    ],
)
def test_what_is_not_a_whole_answer_is_a_bad_one(
    prober: NetworkProber, serve: Serve, answer: bytes
) -> None:
    assert not prober.ask(http(f"http://:{serve(says(answer))}/"), HERE).ok


def test_an_answer_in_chunks_is_read(prober: NetworkProber, serve: Serve) -> None:
    port = serve(says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"))

    assert prober.ask(http(f"http://:{port}/"), HERE).ok


def test_any_certificate_will_do(prober: NetworkProber, serve: Serve, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_self_signed(tmp_path))

    def handle(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            says(OK)(secure)

    assert prober.ask(http(f"https://:{serve(handle)}/health"), HERE).ok


def test_a_published_port_is_asked_when_there_is_no_address(
    prober: NetworkProber, serve: Serve
) -> None:
    port = serve(says(OK))
    published = Instance(
        id="1", name=HERE.name, status=Status.RUNNING, published={8080: f"127.0.0.1:{port}"}
    )

    assert prober.ask(http("http://:8080/health"), published).ok
    assert prober.ask(Probe(check=Tcp(8080)), published).ok
    nowhere = prober.ask(http("http://:9090/"), published)
    assert not nowhere.ok
    assert "not published" in nowhere.detail


def test_an_open_port_is_a_good_answer_and_a_closed_one_is_not(
    prober: NetworkProber, serve: Serve
) -> None:
    assert prober.ask(Probe(check=Tcp(serve(says(b"")))), HERE).ok
    assert not prober.ask(Probe(check=Tcp(free_port())), HERE).ok
    assert not prober.ask(Probe(check=Tcp(serve(says(b"")), host="127.0.0.2")), HERE).ok


def test_a_name_nobody_knows_is_a_bad_answer(prober: NetworkProber) -> None:
    assert not prober.ask(http("http://no-such-name.invalid/"), HERE).ok


def test_a_name_that_takes_long_to_look_up_counts_as_no_answer(
    prober: NetworkProber, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def look_up(*_: object, **__: object) -> list[object]:
        over.wait(10)
        return []

    monkeypatch.setattr(probes.socket, "getaddrinfo", look_up)

    result = prober.ask(http("http://slow.example/", seconds=0.2), HERE)
    over.set()

    assert not result.ok
    assert "no answer within" in result.detail


def test_an_address_that_makes_no_sense_is_a_bad_answer(prober: NetworkProber) -> None:
    assert not prober.ask(http("http://:99999/"), HERE).ok


@pytest.mark.parametrize(("code", "good"), [(0, True), (1, False)])
def test_a_program_inside_is_good_when_it_exits_with_0(
    prober: NetworkProber, inside: ProcessHost, code: int, *, good: bool
) -> None:
    command = Exec((sys.executable, "-c", f"import sys; print('said'); sys.exit({code})"))

    result = prober.ask(Probe(check=command), inside.inspect(HERE.name))

    assert result.ok is good
    assert f"exit code {code}: said" in result.detail


def test_what_a_program_prints_does_nothing_to_the_terminal_of_who_reads_it(
    prober: NetworkProber, inside: ProcessHost
) -> None:
    command = Exec((sys.executable, "-c", r"print('\x1b[31mdown\x1b[0m\x07')"))
    result = prober.ask(Probe(check=command), inside.inspect(HERE.name))
    assert r"exit code 0: \x1b[31mdown\x1b[0m\x07" in result.detail


def test_a_program_that_hangs_or_a_container_that_is_gone_is_a_bad_answer(
    prober: NetworkProber, inside: ProcessHost
) -> None:
    hang = Exec((sys.executable, "-c", "import time; time.sleep(600)"))

    hung = prober.ask(Probe(check=hang, timeout=timedelta(seconds=0.3)), inside.inspect(HERE.name))
    gone = prober.ask(Probe(check=hang), HERE)

    assert not hung.ok
    assert "did not end" in hung.detail
    assert not gone.ok
    assert "gone" in gone.detail


def test_no_thread_is_left_behind(prober: NetworkProber, serve: Serve) -> None:
    port = serve(says(OK))
    before = threading.active_count()

    for _ in range(5):
        assert prober.ask(http(f"http://localhost:{port}/"), HERE).ok

    wait_until(lambda: threading.active_count() == before)


def _self_signed(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "elsewhere")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOON - timedelta(days=9999))
        .not_valid_after(NOON + timedelta(days=9999))
        .sign(key, hashes.SHA256())
    )
    file = folder / "both.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file
