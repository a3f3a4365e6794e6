"""Guarding a function: one wrapper for each kind, chosen once, when it is decorated."""

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

from healing.breakers.breaker import Breaker
from healing.breakers.fallbacks import Chain, is_coroutine_function
from healing.breakers.judgement import Judgement
from healing.breakers.refusal import BreakerOpen
from healing.breakers.window import Window

Pick = Callable[[tuple[Any, ...], dict[str, Any]], Breaker]
"""Finds the breaker of a call by its arguments."""


def guard(
    function: Callable[..., Any],
    breaker: Breaker,
    judgement: Judgement,
    chain: Chain | None,
    pick: Pick | None,
) -> Callable[..., Any]:
    """Wrap a function, coroutine function, generator function or async generator function."""
    if inspect.isasyncgenfunction(function):
        wrapped = _async_generator(function, breaker, judgement, pick)
    elif inspect.isgeneratorfunction(function):
        wrapped = _generator(function, breaker, judgement, pick)
    elif is_coroutine_function(function):
        wrapped = _coroutine(function, breaker, judgement, pick)
        wrapped = wrapped if chain is None else _coroutine_or_else(wrapped, judgement, chain)
    else:
        if chain:
            chain.check_that_nobody_awaits()
        wrapped = _function(function, breaker, judgement, pick)
        wrapped = wrapped if chain is None else _function_or_else(wrapped, judgement, chain)
    return functools.wraps(function)(wrapped)


def _function(
    function: Callable[..., Any], only: Breaker, judgement: Judgement, pick: Pick | None
) -> Callable[..., Any]:
    clock, bad_result = only.clock, judgement.bad_result

    def guarded(*args: Any, **kwargs: Any) -> Any:
        breaker = only if pick is None else pick(args, kwargs)
        window = breaker.door
        if window is None:
            until, cause, scope = breaker.shut
            if (now := clock()) < until:
                breaker.refused()
                raise BreakerOpen(breaker.name, until - now, cause, scope)
            return _with_permit(breaker, judgement, function, args, kwargs)
        began = clock()
        if began >= window.turn:
            breaker.look(window, began)
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            _raised(breaker, window, judgement, error, clock() - began)
            raise
        if bad_result is not None and bad_result(result):
            breaker.failed(window, clock() - began, judgement.told(result))
            return result
        took = clock() - began
        window.tick()
        if window.is_suspect or took >= window.slow_after:
            breaker.succeeded(window, took)
        return result

    return guarded


def _with_permit(
    breaker: Breaker,
    judgement: Judgement,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    permit = breaker.acquire()
    try:
        result = function(*args, **kwargs)
    except BaseException as error:
        permit.record(judgement.is_ok(error), told=judgement.told(error))
        raise
    _answered(permit.record, judgement, result)
    return result


def _coroutine(
    function: Callable[..., Any], only: Breaker, judgement: Judgement, pick: Pick | None
) -> Callable[..., Any]:
    clock, bad_result = only.clock, judgement.bad_result

    async def guarded(*args: Any, **kwargs: Any) -> Any:
        breaker = only if pick is None else pick(args, kwargs)
        window = breaker.door
        if window is None:
            until, cause, scope = breaker.shut
            if (now := clock()) < until:
                breaker.refused()
                raise BreakerOpen(breaker.name, until - now, cause, scope)
            permit = breaker.acquire()
            try:
                result = await function(*args, **kwargs)
            except BaseException as error:
                permit.record(judgement.is_ok(error), told=judgement.told(error))
                raise
            _answered(permit.record, judgement, result)
            return result
        began = clock()
        if began >= window.turn:
            breaker.look(window, began)
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            _raised(breaker, window, judgement, error, clock() - began)
            raise
        if bad_result is not None and bad_result(result):
            breaker.failed(window, clock() - began, judgement.told(result))
            return result
        took = clock() - began
        window.tick()
        if window.is_suspect or took >= window.slow_after:
            breaker.succeeded(window, took)
        return result

    return guarded


def _generator(
    function: Callable[..., Any], only: Breaker, judgement: Judgement, pick: Pick | None
) -> Callable[..., Any]:
    clock = only.clock

    def guarded(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        # Between two items the consumer is at work: that time is not the dependency's.
        permit = (only if pick is None else pick(args, kwargs)).acquire(watch=False)
        inner: Generator[Any, Any, Any] = function(*args, **kwargs)
        try:
            item = next(inner)
            while True:
                given = clock()
                try:
                    sent = yield item
                except GeneratorExit:
                    inner.close()
                    raise
                except BaseException as error:  # noqa: BLE001, the inner one decides
                    permit.held += clock() - given
                    item = inner.throw(error)
                else:
                    permit.held += clock() - given
                    item = inner.send(sent)
        except StopIteration as end:
            permit.record(True)  # noqa: FBT003
            return end.value
        except BaseException as error:
            permit.record(judgement.is_ok(error), told=judgement.told(error))
            raise

    return guarded


def _async_generator(
    function: Callable[..., Any], only: Breaker, judgement: Judgement, pick: Pick | None
) -> Callable[..., Any]:
    clock = only.clock

    async def guarded(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        permit = (only if pick is None else pick(args, kwargs)).acquire(watch=False)
        inner: AsyncGenerator[Any, Any] = function(*args, **kwargs)
        try:
            item = await anext(inner)
            while True:
                given = clock()
                try:
                    sent = yield item
                except GeneratorExit:
                    await inner.aclose()
                    raise
                except BaseException as error:  # noqa: BLE001, the inner one decides
                    permit.held += clock() - given
                    item = await inner.athrow(error)
                else:
                    permit.held += clock() - given
                    item = await inner.asend(sent)
        except StopAsyncIteration:
            permit.record(True)  # noqa: FBT003
        except BaseException as error:
            permit.record(judgement.is_ok(error), told=judgement.told(error))
            raise

    return guarded


def _function_or_else(
    guarded: Callable[..., Any], judgement: Judgement, chain: Chain
) -> Callable[..., Any]:
    def answered(*args: Any, **kwargs: Any) -> Any:
        try:
            result = guarded(*args, **kwargs)
        except Exception as error:
            if not _wants_fallback(judgement, error):
                raise
            return chain.answer(error, args, kwargs)
        if judgement.bad_result is None or not judgement.bad_result(result):
            chain.learn(args, kwargs, result)
        return result

    return answered


def _coroutine_or_else(
    guarded: Callable[..., Any], judgement: Judgement, chain: Chain
) -> Callable[..., Any]:
    async def answered(*args: Any, **kwargs: Any) -> Any:
        try:
            result = await guarded(*args, **kwargs)
        except Exception as error:
            if not _wants_fallback(judgement, error):
                raise
            return await chain.answer_async(error, args, kwargs)
        if judgement.bad_result is None or not judgement.bad_result(result):
            chain.learn(args, kwargs, result)
        return result

    return answered


def _wants_fallback(judgement: Judgement, error: Exception) -> bool:
    return isinstance(error, BreakerOpen) or judgement.is_ok(error) is False


def _raised(
    breaker: Breaker, window: Window, judgement: Judgement, error: BaseException, took: float
) -> None:
    ok = judgement.is_ok(error)
    if ok is False:
        breaker.failed(window, took, judgement.told(error))
    elif ok:
        window.tick()
        if window.is_suspect or took >= window.slow_after:
            breaker.succeeded(window, took)


def _answered(record: Callable[..., None], judgement: Judgement, result: Any) -> None:
    is_bad = judgement.bad_result is not None and judgement.bad_result(result)
    record(not is_bad, told=judgement.told(result) if is_bad else None)
