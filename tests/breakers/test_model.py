"""The breaker beside a naive model that keeps every call, over stories that Hypothesis makes up."""

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from healing.breakers import Breaker, LastCalls, LastSeconds, Permit, Rules, State
from tests.breakers.conftest import Clock


@dataclass
class Running:
    permit: Permit
    generation: int
    is_trial: bool
    began: float


class Story(RuleBasedStateMachine):
    """Calls begin and end in any order, time passes; the model counts anew each time it is asked.

    With a window of calls the model is exact. With one of seconds, time only passes in whole
    slices of it.
    """

    @initialize(
        window=st.sampled_from([LastCalls(5), LastSeconds(10)]),
        fail_rate=st.sampled_from([None, 0.5, 1.0]),
        in_a_row=st.sampled_from([None, 3]),
        fail_count=st.sampled_from([None, 4]),
        at_once=st.integers(1, 3),
    )
    def begin(self, window, fail_rate, in_a_row, fail_count, at_once) -> None:
        self.rules = Rules(
            window=window,
            fail_rate=fail_rate,
            in_a_row=in_a_row,
            fail_count=fail_count,
            min_calls=3,
            open_for=6,
            open_growth=2,
            open_at_most=20,
            jitter=0,
            trials=3,
            trials_at_once=at_once,
            trial_within=4,
            successes_to_close=2,
        )
        self.clock = Clock()
        self.breaker = Breaker("model", self.rules, clock=self.clock)
        self.state = State.CLOSED
        self.generation = self.opened = 0
        self.until = 0.0
        self.slices = 0
        self.running: list[Running] = []
        self.enter(State.CLOSED)

    def enter(self, state: State) -> None:
        self.state = state
        self.generation += 1
        self.calls: list[tuple[int, bool]] = []
        self.good = self.bad = 0
        self.slices = 0
        if state is State.OPEN:
            self.until = self.clock() + min(6 * 2**self.opened, 20)
            self.opened += 1
        if state is State.CLOSED:
            self.opened = 0

    def trials(self) -> list[Running]:
        return [one for one in self.running if one.is_trial and one.generation == self.generation]

    def judged(self) -> list[bool]:
        if isinstance(self.rules.window, LastCalls):
            return [ok for _, ok in self.calls[-self.rules.window.calls :]]
        return [ok for at, ok in self.calls if self.slices - at < 10]

    def judge(self) -> None:
        judged = self.judged()
        failed = judged.count(False)
        row = 0
        for _, ok in reversed(self.calls):
            if ok:
                break
            row += 1
        rules = self.rules
        rate = failed / len(judged) if judged else 0.0
        if (
            (rules.in_a_row and row >= rules.in_a_row)
            or (rules.fail_count and failed >= rules.fail_count)
            or (rules.fail_rate and len(judged) >= rules.min_calls and rate >= rules.fail_rate)
        ):
            self.enter(State.OPEN)

    def settle_trial(self, ok: bool) -> None:
        self.good += ok
        self.bad += not ok
        if self.good >= 2:
            self.enter(State.CLOSED)
        elif self.bad > 1:
            self.enter(State.OPEN)

    def let_time_work(self) -> None:
        if self.state is State.OPEN and self.clock() >= self.until:
            self.enter(State.HALF_OPEN)
        for one in self.trials():
            if self.state is State.HALF_OPEN and self.clock() >= one.began + 4:
                self.running.remove(one)
                self.settle_trial(ok=False)

    @rule()
    def call(self) -> None:
        permit = self.breaker.try_acquire()
        self.let_time_work()
        is_trial = self.state is State.HALF_OPEN
        running = len(self.trials())
        may = self.state is State.CLOSED or (
            is_trial
            and running < self.rules.trials_at_once
            and running + self.good + self.bad < self.rules.trials
        )
        assert (permit is not None) == may
        if permit:
            self.running.append(Running(permit, self.generation, is_trial, self.clock()))

    @precondition(lambda self: self.running)
    @rule(data=st.data(), ok=st.sampled_from([True, False, False, None]))
    def end(self, data, ok) -> None:
        one = data.draw(st.sampled_from(self.running))
        one.permit.record(ok)
        if one.is_trial:
            self.let_time_work()
        if one not in self.running:
            return
        self.running.remove(one)
        if one.generation != self.generation or ok is None:
            return
        if one.is_trial:
            self.settle_trial(ok)
        else:
            self.calls.append((self.slices, ok))
            self.judge()

    @rule(ok=st.sampled_from([True, False]))
    def call_and_end(self, ok) -> None:
        before = len(self.running)
        self.call()
        if len(self.running) <= before:
            return
        one = self.running.pop()
        one.permit.record(ok)
        if one.is_trial:
            self.settle_trial(ok)
        else:
            self.calls.append((self.slices, ok))
            self.judge()

    @precondition(lambda self: self.state is State.CLOSED)
    @rule()
    def outage(self) -> None:
        for _ in range(5):
            self.call_and_end(ok=False)

    @precondition(lambda self: self.state is State.OPEN)
    @rule()
    def wait_for_trials(self) -> None:
        self.wait(max(0, int(self.until - self.clock())))
        self.call()

    @rule(seconds=st.integers(1, 12))
    def wait(self, seconds) -> None:
        self.clock.sleep(seconds)
        self.slices += seconds

    @rule()
    def reset(self) -> None:
        self.breaker.reset(by="ops")
        self.enter(State.CLOSED)

    @invariant()
    def counts_are_those_of_the_model(self) -> None:
        if self.state is State.CLOSED:
            counts = self.breaker.stats().counts
            judged = self.judged()
            assert (counts.calls, counts.failed) == (len(judged), judged.count(False))

    @invariant()
    def states_are_the_same(self) -> None:
        assert self.breaker.state is self.state


TestStory = Story.TestCase
TestStory.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
