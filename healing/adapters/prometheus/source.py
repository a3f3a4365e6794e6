"""Ask a Prometheus, or whatever speaks its query API, for samples."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from prometheus_api_client.prometheus_connect import PrometheusConnect
from urllib3.util.retry import Retry

from healing.adapters.prometheus.batches import MARK, joined, together
from healing.adapters.prometheus.session import BoundedSession, Patience, without_credentials
from healing.errors import BadQueryError, SourceUnavailableError, WrongSourceError
from healing.history import Answer, Read, Reading, Samples, one_series

MOST_POINTS = 11_000
"""Prometheus refuses to answer with more points of one series."""
SHOWN = 200
"""Characters of an odd answer that are shown."""
MALFORMED = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What an answer of another shape, such as that of a store of logs, raises where it is read."""


class PrometheusSource:
    """Reads samples. Safe to share by threads.

    It does not connect before the first question.

    Args:
        url: Its address, with the path prefix where there is one.
        headers: Sent with each request, such as `Authorization` or a tenant.
        verify: Whether to check its certificate, or the file of authorities to check it by.
        patience: How long and how often one request is tried.
        budget: How long one call of `read` may take in all.
        sleep: Waits between tries.
        jitter: Gives a number from 0 to 1.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        verify: bool | str = True,
        patience: Patience | None = None,
        budget: timedelta = timedelta(seconds=60),
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        patience = patience or Patience()
        url = url.rstrip("/")
        self._shown = without_credentials(url)
        session = BoundedSession(url, patience=patience, sleep=sleep, jitter=jitter)
        session.verify = verify
        # The session counts the tries; the transport must not multiply them, nor hide a timeout.
        self._client: Any = PrometheusConnect(
            url, headers=dict(headers or {}), session=session, retry=Retry(0, read=False)
        )
        self._budget = budget.total_seconds()
        self._params = {"timeout": f"{patience.timeout:g}s"}

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def ping(self) -> None:
        """See whether it answers a query.

        Raises:
            SourceUnavailableError: It does not, and why; or it is no metric store.
        """
        found: list[Any] = self._client.custom_query("vector(1)", params=dict(self._params))
        match found:
            case [] | [{"value": [_, str()]}]:
                return
            case _:
                raise self._is_no_store(repr(found)[:SHOWN])

    def read(self, reads: Sequence[Read]) -> Sequence[Reading]:
        """Ask each question, many of them in one request. The answers come in the same order.

        One that cannot be answered does not spoil the others. Once the store has failed to answer,
        the questions that are left are not put to it.
        """
        deadline = time.monotonic() + self._budget
        readings = dict[int, Reading]()
        silent = ""
        for numbers in together([*reads]):
            if not silent and time.monotonic() > deadline:
                silent = f"not asked: {self._budget:g} s for all questions were over"
            batch = [reads[number] for number in numbers]
            answers = [_not_asked(read, silent) for read in batch] if silent else self._ask(batch)
            readings |= zip(numbers, answers, strict=True)
            silent = silent or next(
                (one.detail for one in answers if one.answer is Answer.UNREACHABLE), ""
            )
        return [readings[number] for number in range(len(reads))]

    def _ask(self, batch: Sequence[Read]) -> list[Reading]:
        """Ask questions about the same times at once; a refused one is found by halving."""
        found = [_Found(read) for read in batch]
        query = joined([read.query for read in batch])
        try:
            for start, end in _chunks(batch[0]):
                series = self._range(query, start, end, batch[0].step)
                for number, one in enumerate(found):
                    one.add(_of(series, number, alone=len(batch) == 1), until=end)
        except BadQueryError as error:
            if len(batch) > 1:
                half = len(batch) // 2
                first = self._ask(batch[:half])
                away = next((one for one in first if one.answer is Answer.UNREACHABLE), None)
                if away is not None:
                    return first + [_not_asked(read, away.detail) for read in batch[half:]]
                return first + self._ask(batch[half:])
            return [found[0].reading(Answer.BAD_QUERY, str(error))]
        except SourceUnavailableError as error:
            return [one.reading(Answer.UNREACHABLE, str(error)) for one in found]
        return [one.reading() for one in found]

    def _range(self, query: str, start: int, end: int, step: int) -> list["_Series"]:
        found: list[Any] = self._client.custom_query_range(
            query,
            datetime.fromtimestamp(start, UTC),
            datetime.fromtimestamp(end, UTC),
            str(step),
            params=dict(self._params),
        )
        try:
            return [_series(one) for one in found]
        except MALFORMED as error:
            raise self._is_no_store(repr(error)) from error

    def _is_no_store(self, answer: str) -> WrongSourceError:
        return WrongSourceError(
            f"the metric store at {self._shown} answers with what are no series of samples "
            f"({answer}), is the address right?"
        )


class _Found:
    """What the parts of one question have brought so far."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._series = dict[frozenset[tuple[str, str]], list[Samples]]()
        self._until: int | None = None
        self._histograms = False

    def add(self, found: Sequence["_Series"], *, until: int) -> None:
        """Take in one part: all of the question's time up to `until`."""
        for series in found:
            if series.samples is None:
                self._histograms = True
                continue
            self._series.setdefault(frozenset(series.labels.items()), []).append(series.samples)
        self._until = until

    def reading(self, trouble: Answer | None = None, detail: str = "") -> Reading:
        """Say what was found, also when there was trouble on the way."""
        one = one_series([_end_to_end(parts) for parts in self._series.values()])
        if self._histograms:
            one = _samples([])
            trouble, detail = Answer.BAD_QUERY, _not_numbers(self._read.query)
        if one is None:
            one = _samples([])
            trouble = trouble or Answer.SEVERAL
            detail = detail or _several(self._read.query, len(self._series))
        elif trouble is None and not one.times.size:
            trouble, detail = Answer.EMPTY, f"`{self._read.query}` gave no sample"
        return Reading(
            read=self._read,
            answer=trouble or Answer.OK,
            times=one.times,
            values=one.values,
            until=self._until,
            detail=detail,
        )


def _chunks(read: Read) -> list[tuple[int, int]]:
    """Cut a question into parts of at most `MOST_POINTS` points, oldest first."""
    span = (MOST_POINTS - 1) * read.step
    return [
        (start, min(start + span, read.end))
        for start in range(read.start, read.end + 1, span + read.step)
    ]


@dataclass(frozen=True, slots=True, eq=False)
class _Series:
    """One series of an answer."""

    labels: dict[str, str]
    samples: Samples | None
    """None: they are histograms, not numbers."""


def _series(found: Any) -> _Series:
    """Read one series of an answer; raises one of `MALFORMED` when it is something else."""
    labels = {str(name): str(value) for name, value in found["metric"].items()}
    if "histograms" in found and "values" not in found:
        return _Series(labels, None)
    samples = _samples(found["values"])
    if not np.isfinite(samples.times).all():
        raise ValueError("a sample without a time")
    return _Series(labels, samples)


def _samples(values: list[Any]) -> Samples:
    times = np.fromiter((pair[0] for pair in values), np.float64, len(values))
    return Samples(times, np.fromiter((float(pair[1]) for pair in values), np.float64, len(values)))


def _end_to_end(parts: Sequence[Samples]) -> Samples:
    times, values = ([part.times for part in parts], [part.values for part in parts])
    return Samples(np.concatenate(times), np.concatenate(values))


def _not_asked(read: Read, because: str) -> Reading:
    return Reading(read=read, answer=Answer.UNREACHABLE, detail=because)


def _of(series: Sequence[_Series], number: int, *, alone: bool) -> Sequence[_Series]:
    """Pick the series that answer one question of a batch, without the mark it was given."""
    if alone:
        return series
    mine = [one for one in series if one.labels.get(MARK) == str(number)]
    for one in mine:
        del one.labels[MARK]
    return mine


def _several(query: str, count: int) -> str:
    return (
        f"`{query}` gives {count} series side by side and one is needed: "
        f"aggregate them in the query, for instance `sum({query})` or `max({query})`"
    )


def _not_numbers(query: str) -> str:
    return f"`{query}` gives histograms, not numbers: take `histogram_quantile` or `rate` of it"
