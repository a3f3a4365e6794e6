"""A step that only reads is tried again where that may help, with Prefect and without it."""

import asyncio
from collections.abc import Iterator

import pytest
from prefect import flow, task
from prefect.settings import PREFECT_API_URL, PREFECT_LOGGING_TO_API_ENABLED, temporary_settings

from healing.errors import TemporaryError
from tasks.retrying import ACTS, READS, Do, recorded, unrecorded
from tests.real.prefect import PrefectServer

# Prefect leaves a socket or two to the garbage collector when an event loop ends.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

AT_ONCE = {**READS, "retry_delay_seconds": [0, 0]}

coming: list[Exception] = []


def fail_once_more() -> str:
    if coming:
        raise coming.pop(0)
    return "read"


@task(**AT_ONCE)
async def reads() -> str:
    return fail_once_more()


@task(**AT_ONCE)
def reads_elsewhere() -> str:
    return fail_once_more()


@task(**ACTS)
async def acts() -> str:
    return fail_once_more()


@flow(persist_result=False)
async def carry_out(name: str) -> object:
    return await recorded({"reads": reads, "acts": acts}[name])


@flow(persist_result=False)
def carry_out_elsewhere() -> object:
    return reads_elsewhere()


async def in_prefect(name: str) -> object:
    return await carry_out(name)


async def elsewhere(_: str) -> object:
    return await asyncio.to_thread(carry_out_elsewhere)


async def without_prefect(name: str) -> object:
    return await unrecorded({"reads": reads, "acts": acts}[name])


ANYWHERE = pytest.mark.parametrize("do", [in_prefect, elsewhere, without_prefect])


@pytest.fixture(autouse=True)
def server(prefect: PrefectServer) -> Iterator[None]:
    coming.clear()
    with temporary_settings({PREFECT_API_URL: prefect.url, PREFECT_LOGGING_TO_API_ENABLED: False}):
        yield


@ANYWHERE
def test_reading_is_tried_twice_more_where_it_may_work_later(do: Do) -> None:
    coming[:] = [TemporaryError("busy"), TemporaryError("busy")]

    assert asyncio.run(do("reads")) == "read"


@ANYWHERE
def test_what_cannot_work_is_not_tried_again(do: Do) -> None:
    coming[:] = [ValueError("no such thing"), ValueError("tried again")]

    with pytest.raises(ValueError, match="no such thing"):
        asyncio.run(do("reads"))
    assert len(coming) == 1


@pytest.mark.parametrize("do", [in_prefect, without_prefect])
def test_acting_is_never_repeated_blindly(do: Do) -> None:
    coming[:] = [TemporaryError("busy"), TemporaryError("twice")]

    with pytest.raises(TemporaryError, match="busy"):
        asyncio.run(do("acts"))
    assert len(coming) == 1
