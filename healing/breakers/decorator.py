"""`@breaker("payments")`: the face that applications see."""

from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import replace
from datetime import timedelta
from types import NoneType, TracebackType
from typing import (
    Any,
    Concatenate,
    Literal,
    ParamSpec,
    Protocol,
    Self,
    TypedDict,
    TypeVar,
    Unpack,
    cast,
    overload,
)

from healing.breakers.breaker import Breaker
from healing.breakers.fallbacks import Chain, Fallback, Function, LastGood, Value
from healing.breakers.guard import Pick, guard
from healing.breakers.judgement import ErrorTest, Judgement
from healing.breakers.permit import Permit
from healing.breakers.registry import Defaults, Family, registry
from healing.breakers.rules import LastCalls, LastSeconds, Rules, seconds

P = ParamSpec("P")
Q = ParamSpec("Q")
R_co = TypeVar("R_co", covariant=True)
Duration = timedelta | float | str

_DURATIONS = ("slow_after", "open_for", "open_at_most", "trial_within", "ramp")
_entered: ContextVar[tuple[tuple[Breaker, Permit], ...]] = ContextVar(
    "healing_breakers_entered", default=()
)


class RuleChanges(TypedDict, total=False):
    """The fields of `Rules`, durations and the window as people write them."""

    fail_rate: float | None
    fail_count: int | None
    in_a_row: int | None
    slow_after: Duration | None
    slow_rate: float
    count_hanging: bool
    window: LastCalls | LastSeconds | int | str | timedelta
    min_calls: int
    open_for: Duration
    open_growth: float
    open_at_most: Duration
    jitter: float
    trials: int
    trials_at_once: int
    trial_within: Duration
    successes_to_close: int
    ramp: Duration
    quorum: int


class Guarded(Protocol[P, R_co]):
    """A guarded function: called as before, with its breaker at hand; methods bind as before."""

    breaker: Breaker

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Call it."""
        ...

    @overload
    def __get__(self, instance: None, owner: type, /) -> Self: ...
    @overload
    def __get__(
        self: "Guarded[Concatenate[Any, Q], R_co]", instance: object, owner: type, /
    ) -> Callable[Q, R_co]: ...


class Guard:
    """A breaker and how outcomes are read: decorates functions, and guards `with` blocks.

    Attributes:
        breaker: The breaker itself: its state, its figures, its levers.
    """

    def __init__(
        self, breaker: Breaker, judgement: Judgement, chain: Chain | None, pick: Pick | None
    ) -> None:
        self.breaker = breaker
        self._judgement = judgement
        self._chain = chain
        self._pick = pick
        self._open: dict[Permit, None] = {}

    def __call__(self, function: Callable[P, R_co]) -> Guarded[P, R_co]:
        """Guard a function, coroutine, generator or async generator; its signature stays."""
        wrapped = guard(function, self.breaker, self._judgement, self._chain, self._pick)
        given = cast("Guarded[P, R_co]", wrapped)
        given.breaker = self.breaker
        return given

    def try_acquire(self) -> Permit | None:
        """Ask for leave to call; None when calls are refused. Then `record` on the permit."""
        return self.breaker.try_acquire()

    def __enter__(self) -> None:
        """Ask for leave; raises `BreakerOpen`."""
        permit = self.breaker.acquire()
        self._open[permit] = None
        _entered.set((*_entered.get(), (self.breaker, permit)))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take in how the block ended."""
        permit = self._last_entered() or next(iter(tuple(self._open)), None)
        if permit is None:
            return
        self._open.pop(permit, None)
        if error is None:
            permit.record(True)  # noqa: FBT003
        else:
            permit.record(self._judgement.is_ok(error), told=self._judgement.told(error))

    def _last_entered(self) -> Permit | None:
        """Take the innermost of this context; none where the block was entered in another one.

        A block within a generator may be: a framework that runs each step of it in a thread, as
        FastAPI does, gives each a context of its own. Then it is the one that is open longest.
        """
        stack = list(_entered.get())
        for at in reversed(range(len(stack))):
            if stack[at][0] is self.breaker:
                _, permit = stack.pop(at)
                _entered.set(tuple(stack))
                return permit
        return None

    async def __aenter__(self) -> None:
        """The same for coroutines; nothing is waited for."""
        self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take in how the block ended."""
        self.__exit__(kind, error, trace)


def breaker(  # noqa: PLR0913, every part of it is a choice of its own
    name: str,
    *,
    failures: ErrorTest | Iterable[ErrorTest] = Exception,
    ignore: ErrorTest | Iterable[ErrorTest] = (),
    bad_result: Callable[[Any], bool] | None = None,
    retry_after: Callable[[Any], float | str | None] | None = None,
    fallback: Fallback | Callable[..., Any] | Sequence[Fallback | Callable[..., Any]] | None = None,
    fallback_within: Duration = 1.0,
    key: Callable[..., object] | None = None,
    keys_at_most: int = 1000,
    probe: Callable[[], object] | None = None,
    scope: Literal["process", "fleet"] = "process",
    **changes: Unpack[RuleChanges],
) -> Guard:
    """Guard calls to one dependency.

    What is not said here stands in the `circuit_breakers` section of the configuration, when the
    name is known there, and else in `Rules`. Breakers of one name are one breaker.

    Args:
        name: The dependency, as an operator calls it.
        failures: Errors that are failures: classes, or functions that tell.
        ignore: Errors that say nothing about the dependency.
        bad_result: Tells results that are failures; they are returned all the same.
        retry_after: Reads how many seconds a failed result or error says to wait.
        fallback: What is answered instead, in this order: `last_good("10m")`, `value([])`, or a
            function that takes the same arguments. Not for generators and `with` blocks.
        fallback_within: Time for all fallbacks of one call.
        key: Takes the arguments of a call and gives a key: one breaker per key.
        keys_at_most: Breakers by key that are kept.
        probe: A health check, a function or coroutine function with a timeout of its own, that
            makes the trials in a thread; calls are refused until it has closed the breaker.
        scope: `fleet` shares the verdict with other processes, where a backend is connected.
        **changes: Fields of `Rules`.

    Raises:
        ValueError: A rule is impossible, the name is taken by a breaker with other rules or of
            one process only, or there is a probe for breakers by key.
        TypeError: The name is no text, or something is not of the kind that it must be.

    Example:
        >>> from healing.breakers import value
        >>> @breaker("example-shop", in_a_row=3, open_for="10s", fallback=value([]))
        ... def offers() -> list[str]:
        ...     raise OSError
        >>> offers()
        []
    """
    _check_name(name)
    if scope not in {"process", "fleet"}:
        raise ValueError(f"breaker {name!r}: the scope is process or fleet, not {scope!r}")
    known = registry.lookup(name)
    rules = _changed(known.rules if known else Rules(), changes)
    made = Breaker(name, rules, scope=scope)
    one = registry.add(made)
    if one is not made and changes and one.rules != rules:
        raise ValueError(f"breaker {name!r} exists already, with other rules: give them once only")
    if scope == "fleet" != one.scope:
        raise ValueError(f"breaker {name!r} exists already, of this process only: say fleet there")
    if probe:
        if key:
            raise ValueError(f"breaker {name!r}: one probe cannot tell how each key is")
        one.probe_with(probe)
    judgement = Judgement(
        failures=_tests(failures),
        ignore=_tests(ignore),
        bad_result=bad_result,
        retry_after=retry_after,
    )
    links = _links(fallback) or (_configured(known) if known else ())
    chain = Chain(name=name, links=links, within=seconds(fallback_within)) if links else None
    return Guard(one, judgement, chain, _pick(one, key, keys_at_most))


def _pick(one: Breaker, key: Callable[..., object] | None, most: int) -> Pick | None:
    if key is None:
        return None
    family = Family(one, most)
    registry.add_family(family)
    return lambda args, kwargs: family.of(key(*args, **kwargs))


def _changed(rules: Rules, changes: RuleChanges) -> Rules:
    given: dict[str, Any] = dict(changes)
    for name in _DURATIONS:
        if given.get(name) is not None:
            given[name] = seconds(given[name])
    window = given.get("window")
    if isinstance(window, int):
        given["window"] = LastCalls(window)
    elif isinstance(window, (str, timedelta)):
        given["window"] = LastSeconds(seconds(window))
    elif not isinstance(window, (LastCalls, LastSeconds, NoneType)):
        raise TypeError(f"window must be a time such as '30s' or a number of calls, not {window!r}")
    trials = given.get("trials", rules.trials)
    given.setdefault("successes_to_close", min(trials, rules.successes_to_close))
    return replace(rules, **given)


def _check_name(name: object) -> None:
    if not isinstance(name, str):
        raise TypeError(f'a breaker has a name, as in @breaker("payments"), not {name!r}')
    if not name.strip():
        raise ValueError(f"a breaker has a name, not {name!r}")
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"a breaker's name is text, which {name!r} is not") from error


def _each(given: object, several: type) -> tuple[object, ...]:
    if isinstance(given, several) and not isinstance(given, str | type):
        return tuple(cast("Iterable[object]", given))
    return (given,)


def _tests(given: object) -> tuple[ErrorTest, ...]:
    tests = _each(given, Iterable)
    for test in tests:
        if not callable(test):
            raise TypeError(f"{test!r} tells no errors: give classes of errors, or functions")
    return cast("tuple[ErrorTest, ...]", tests)


def _configured(known: Defaults) -> tuple[Fallback, ...]:
    memory = (LastGood(),) if known.fallback_to_memory else ()
    fixed = () if known.fallback_response is None else (Value(known.fallback_response),)
    return (*memory, *fixed)


def _links(given: object) -> tuple[Fallback, ...]:
    if given is None:
        return ()
    return tuple(map(_link, _each(given, Sequence)))


def _link(given: object) -> Fallback:
    if hasattr(given, "learn"):
        return cast("Fallback", given)
    if callable(given):
        return Function(given)
    raise TypeError(f"fallback: {given!r} is no function; value(...) answers it, always")
