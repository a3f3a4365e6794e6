"""What is answered instead: cheapest first, within one deadline, and marked as second best."""

import contextlib
import inspect
import logging
import os
import time
import weakref
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextvars import ContextVar
from copy import deepcopy
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Protocol, cast

from healing.breakers.rules import seconds

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Degraded:
    """One answer that was second best."""

    name: str
    """The breaker."""
    by: str
    """What answered: `value`, `last_good`, or the name of a function."""
    because: BaseException
    """Why the real answer was not to be had."""


_seen: ContextVar[list[Degraded] | None] = ContextVar("healing_degraded", default=None)


@contextlib.contextmanager
def degradations() -> Generator[list[Degraded]]:
    """Collect every second-best answer given within, also in coroutines started here.

    Example:
        >>> with degradations() as seen:
        ...     pass
        >>> seen
        []
    """
    outer = _seen.get()
    seen: list[Degraded] = []
    token = _seen.set(seen)
    try:
        yield seen
    finally:
        _seen.reset(token)
        if outer is not None:
            outer.extend(seen)


class NoAnswer(Exception):  # noqa: N818, the next in the chain is asked
    """This fallback has nothing for this call."""


class Fallback(Protocol):
    """Something that answers instead. May raise `NoAnswer`, and may give an awaitable."""

    by: str

    def answer(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Answer a call with these arguments."""
        ...

    def learn(self, args: Sequence[Any], kwargs: Mapping[str, Any], result: Any) -> None:
        """See a good answer."""
        ...


def is_coroutine_function(function: Callable[..., Any]) -> bool:
    """Tell whether its answer is to be awaited; an object with such a `__call__` is one as well."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(type(function), "__call__", None)  # noqa: B004, not whether there is one
    )


class Value:
    """Always the same answer; each caller gets a copy of its own."""

    by = "value"

    def __init__(self, value: object) -> None:
        self._value = value

    def answer(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:  # noqa: ARG002
        """Give the answer."""
        return deepcopy(self._value)

    def learn(self, args: Sequence[Any], kwargs: Mapping[str, Any], result: Any) -> None:
        """Nothing to learn."""


class Function:
    """Ask a function with the arguments of the call."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.by = getattr(function, "__name__", "function")
        self.is_coroutine = is_coroutine_function(function)

    def answer(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Ask it."""
        return self._function(*args, **kwargs)

    def learn(self, args: Sequence[Any], kwargs: Mapping[str, Any], result: Any) -> None:
        """Nothing to learn."""


class LastGood:
    """The last good answer to the same arguments, while it is young enough.

    The answer itself is kept, not a copy: treat it as read-only. A call whose arguments cannot
    be hashed is not remembered.

    Args:
        age: Oldest answer given.
        size: Answers kept; the one longest not renewed goes first.
        clock: Monotonic seconds.
    """

    by = "last_good"

    def __init__(
        self,
        age: float | str = "10m",
        *,
        size: int = 1000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._age = seconds(age)
        self._size = size
        self._clock = clock
        self.after_fork()
        self._answers: OrderedDict[object, tuple[float, Any]] = OrderedDict()

        _memories.add(self)

    def after_fork(self) -> None:
        """Begin anew in a child process: the lock may be held."""
        self._lock = Lock()

    def answer(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Give it, or say that there is none."""
        try:
            at, result = self._answers[_key(args, kwargs)]
        except (KeyError, TypeError):
            raise NoAnswer from None
        if self._clock() - at > self._age:
            raise NoAnswer
        return result

    def learn(self, args: Sequence[Any], kwargs: Mapping[str, Any], result: Any) -> None:
        """Remember it."""
        with contextlib.suppress(TypeError), self._lock:
            key = _key(args, kwargs)
            self._answers[key] = (self._clock(), result)
            self._answers.move_to_end(key)
            while len(self._answers) > self._size:
                self._answers.popitem(last=False)


def value(answer: object) -> Value:
    """Answer this, always."""
    return Value(answer)


def last_good(age: float | str = "10m", *, size: int = 1000) -> LastGood:
    """Answer what was last answered to the same arguments, up to this age."""
    return LastGood(age, size=size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Fallbacks in the order in which they are asked, and the time they have together."""

    name: str
    links: tuple[Fallback, ...]
    within: float = 1.0
    """Seconds after which no further fallback is asked, and a coroutine is cancelled."""
    clock: Callable[[], float] = field(default=time.monotonic)

    def check_that_nobody_awaits(self) -> None:
        """Refuse what a function could not wait for.

        Raises:
            TypeError: There is a coroutine function among them.
        """
        for link in self.links:
            if isinstance(link, Function) and link.is_coroutine:
                raise TypeError(
                    f"breaker {self.name!r}: fallback {link.by} must not be a coroutine"
                )

    def answer(self, because: BaseException, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Answer instead. Raises `because` when nothing answers in time."""
        ends = self.clock() + self.within
        for link in self.links:
            if self.clock() >= ends:
                break
            try:
                result = link.answer(args, kwargs)
            except NoAnswer:
                continue
            except Exception as error:  # noqa: BLE001, the next one may do better
                self._fell_through(link, error)
                continue
            self._mark(link, because)
            return result
        raise because

    async def answer_async(
        self, because: BaseException, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Any:
        """Answer instead, from a coroutine. Raises `because` when nothing answers in time."""
        import asyncio  # noqa: PLC0415, only who awaits pays for it

        ends = self.clock() + self.within
        for link in self.links:
            if self.clock() >= ends:
                break
            try:
                result = link.answer(args, kwargs)
                if isinstance(result, Awaitable):
                    result = await asyncio.wait_for(
                        cast("Awaitable[Any]", result), ends - self.clock()
                    )
            except NoAnswer:
                continue
            except Exception as error:  # noqa: BLE001, the next one may do better
                self._fell_through(link, error)
                continue
            self._mark(link, because)
            return result
        raise because

    def learn(self, args: Sequence[Any], kwargs: Mapping[str, Any], result: Any) -> None:
        """Show all of them a good answer."""
        for link in self.links:
            link.learn(args, kwargs, result)

    def _fell_through(self, link: Fallback, error: Exception) -> None:
        _log.warning("a fallback failed breaker=%s by=%s error=%r", self.name, link.by, error)

    def _mark(self, link: Fallback, because: BaseException) -> None:
        seen = _seen.get()
        if seen is not None:
            seen.append(Degraded(name=self.name, by=link.by, because=because))


def _key(args: Sequence[Any], kwargs: Mapping[str, Any]) -> object:
    key = (tuple(args), frozenset(kwargs.items()))
    hash(key)
    return key


def _after_fork() -> None:
    for one in tuple(_memories):
        one.after_fork()


_memories: weakref.WeakSet[LastGood] = weakref.WeakSet()
os.register_at_fork(after_in_child=_after_fork)
