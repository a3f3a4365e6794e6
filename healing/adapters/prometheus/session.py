"""One HTTP request to a metric store: bounded, retried, its errors in our words."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import urlsplit

import orjson
import requests
from requests.utils import get_auth_from_url
from urllib3.exceptions import HTTPError

from healing.errors import BadQueryError, HealingError, SourceUnavailableError, WrongSourceError

log = logging.getLogger(__name__)

CHUNK = 1 << 16
MOST_BYTES = 256 << 20
"""An answer larger than this is refused: it would not fit beside everything else."""
QUERY_SHOWN = 300
BODY_SHOWN = 200

BUSY = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
REFUSED = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})
LOCKED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long one request may take, and how often it is tried."""

    timeout: float = 10.0
    """Seconds for one try, from connecting to the last byte."""
    tries: int = 3
    first_wait: float = 0.25
    """Seconds before the second try; doubles with each, give or take a half."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """A try that failed."""

    error: HealingError
    may_work_soon: bool = False


class _Answer(requests.Response):
    """A whole and well-formed answer of the query API."""

    def __init__(self, parsed: dict[str, Any]) -> None:
        super().__init__()
        self.status_code = HTTPStatus.OK
        self._parsed = parsed

    def json(self, **_: Any) -> dict[str, Any]:
        return self._parsed


class BoundedSession(requests.Session):
    """What `PrometheusConnect` speaks through.

    Its answers are whole and well formed; everything else is one of our errors. It follows no
    redirects (they lead to login pages, with our credentials) and looks into no `.netrc`.

    Args:
        url: Where the store is, for error texts; user and password are left out of them.
        patience: How long and how often.
        sleep: Waits between tries.
        jitter: Gives a number from 0 to 1.
    """

    def __init__(
        self,
        url: str,
        *,
        patience: Patience,
        sleep: Callable[[float], None],
        jitter: Callable[[], float],
    ) -> None:
        super().__init__()
        self._shown = without_credentials(url)
        self._patience = patience
        self._sleep = sleep
        self._jitter = jitter
        # Something must stand here, or requests prefers what it finds in a .netrc.
        user, password = get_auth_from_url(url)
        self.auth = (user, password) if user else _as_it_is

    def request(
        self, method: str, url: str | bytes, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Ask until there is an answer, or patience is at an end.

        Raises:
            BadQueryError: The store refused the query.
            WrongSourceError: What answers is no metric store, or does not let us in.
            SourceUnavailableError: Anything else.
        """
        wait = self._patience.first_wait
        for tried in range(1, self._patience.tries + 1):
            outcome = self._once(method, url, *args, **kwargs)
            if isinstance(outcome, _Answer):
                return outcome
            if tried == self._patience.tries or not outcome.may_work_soon:
                raise outcome.error
            log.debug("metric store asked again tried=%d because=%s", tried, outcome.error)
            self._sleep(wait * (0.5 + self._jitter()))
            wait *= 2
        raise AssertionError("patience allows at least one try")

    def _once(self, method: str, url: str | bytes, *args: Any, **kwargs: Any) -> _Answer | _Failure:
        params: Mapping[str, object] = kwargs.get("params") or {}
        query = str(params.get("query", ""))
        timeout = self._patience.timeout
        deadline = time.monotonic() + timeout
        kwargs |= {"timeout": timeout, "stream": True, "allow_redirects": False}
        try:
            with super().request(method, url, *args, **kwargs) as response:
                body = _read(response, deadline)
                return self._understand(response, body, query)
        except (requests.Timeout, TimeoutError):
            return self._soon(f"did not answer within {timeout:g} s")
        except requests.exceptions.InvalidURL as error:
            return _Failure(WrongSourceError(f"{self._shown} is not an address: {error}"))
        except (requests.RequestException, HTTPError, OSError) as error:
            return self._soon(f"does not answer: {_innermost(error)}")

    def _understand(
        self, response: requests.Response, body: bytes, query: str
    ) -> _Answer | _Failure:
        status = response.status_code
        said = _parse(body)
        if status == HTTPStatus.OK and _is_result(said):
            if said.get("warnings"):
                log.warning("metric store warns query=%s says=%s", query, said["warnings"])
            return _Answer(said)
        if status in REFUSED and "error" in said:
            shown = query if len(query) <= QUERY_SHOWN else f"{query[:QUERY_SHOWN]}..."
            return _Failure(BadQueryError(f"{self._shown} refused `{shown}`: {said['error']}"))

        words = str(said.get("error") or body[:BODY_SHOWN].decode(errors="replace")).strip()
        if status in BUSY:
            return self._soon(f"answered {status}: {words}")
        if status in LOCKED:
            return self._stays(f"refused our credentials ({status}): {words}")
        if response.is_redirect:
            to = without_credentials(response.headers.get("location", ""))
            return self._stays(f"sends us on to {to}: give the address behind it")
        return self._stays(
            f"does not answer like a Prometheus (status {status}), is the address right? {words}"
        )

    def _soon(self, what: str) -> _Failure:
        error = SourceUnavailableError(f"the metric store at {self._shown} {what}")
        return _Failure(error, may_work_soon=True)

    def _stays(self, what: str) -> _Failure:
        return _Failure(WrongSourceError(f"the metric store at {self._shown} {what}"))


def _read(response: requests.Response, deadline: float) -> bytes:
    """Read the whole body, however slowly it drips, until `deadline`."""
    body = bytearray()
    while part := response.raw.read1(CHUNK, decode_content=True):
        body += part
        if len(body) > MOST_BYTES:
            raise requests.RequestException(f"its answer is larger than {MOST_BYTES >> 20} MiB")
        if time.monotonic() > deadline:
            raise TimeoutError
    return bytes(body)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        said = orjson.loads(body)
    except json.JSONDecodeError:
        return {}
    return cast("dict[str, Any]", said) if isinstance(said, dict) else {}


def _is_result(said: dict[str, Any]) -> bool:
    data = said.get("data")
    return isinstance(data, dict) and isinstance(cast("dict[str, Any]", data).get("result"), list)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def without_credentials(url: str) -> str:
    """Leave out user and password: nobody must read them in an error."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _innermost(error: BaseException) -> str:
    """Say what is at the bottom of a chain of wrapped errors: `Connection refused`."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
