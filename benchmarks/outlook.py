"""What forecasts, exhaustion alarms and the leak test are worth, beside what everybody has.

    python -m benchmarks.outlook [--quick] [--minutes]

Rests on real recordings (HEALING_RECORDINGS, or ../shared/data); what is put into them is made
with fixed seeds. Everything is replayed: no forecast sees what comes after it. The rules were set
mostly on the first of every two recordings ("set on"), and not by the others ("held out"), but for
the rule for peaks near full: it was chosen with the ramps on all machines in view, as how slow
growth goes on, and how surely, was with the ageing tables. `--minutes` looks at the machines that
never fill up every minute as well, as `watch` does, which takes some minutes more.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from benchmarks import _recordings
from benchmarks._leaks import Case, cases
from benchmarks._ramps import Ramp, growth_alone_tells, ramp
from benchmarks._recordings import Recording
from benchmarks._rivals import coroot_leaks, rows_to_full
from healing.backtest import look_ahead
from healing.forecast import Exhaustion, forecast, forecast_exhaustion
from healing.history import History
from healing.leak import find_leak
from healing.names import SignalName
from healing.policy.exhausting import alarm_of

Values = NDArray[np.float64]

SIGNAL, LOAD, RESIDENT = SignalName("memory"), SignalName("load"), SignalName("resident")
DAY, HOUR = 1440, 60
AHEAD = timedelta(hours=24)
LINEAR_HOURS = 6
SEED = 7


def history(step: int, **columns: Values) -> History:
    """Put series on a grid that begins at the epoch."""
    return History(
        start=0,
        step=step,
        signals=tuple(SignalName(name) for name in columns),
        values=np.column_stack(list(columns.values())),
    )


def told_at(past: History, capacity: float) -> Exhaustion:
    """Ask, at its newest row, when it is full."""
    now = datetime.fromtimestamp(past.end, UTC)
    return forecast_exhaustion(past, SIGNAL, capacity, now=now, window=AHEAD)


def alarms_at(past: History, end: int) -> bool:
    """Ask whether `watch` would raise an alarm, having looked before, for as long as it needs."""
    return look_ahead(past.rows(0, end), SIGNAL, 100.0, window=AHEAD)[1].is_raised


def row(name: str, *figures: object) -> None:
    """Print one row of a table."""
    print(f"{name:<52}" + "".join(f"{figure:>16}" for figure in figures), flush=True)


def main() -> None:
    """Print every table."""
    if (data := _recordings.folder()) is None:
        return
    few = 4 if "--quick" in sys.argv else 1
    began = time.process_time()
    machines = _recordings.machines(data)
    series = _recordings.kpis(data)
    forecasts("indicators of web services", series[:: 2 * few])
    forecasts("memory of machines", machines[::few])
    false_alarms(machines[::few])
    if "--minutes" in sys.argv:
        watched(machines[::few])
    ramps(machines[1 :: 2 * few], few)
    node = _ageing_of(_recordings.ageing(data), few)
    ageing("an edge node ages to 85, 95, 99 % of its memory; 12 h and more before", node)
    ageing("made-up ageing on the noise of machines; the same", _made_up(machines[:: 2 * few]))
    ageing("made-up growth that doubles every 1 or 4 h", _doubling(machines[1 :: 2 * few]))
    recordings = [*machines, *_recordings.pods(data)]
    leaks("set on", recordings[:: 2 * few])
    leaks("held out", recordings[1 :: 2 * few])
    print(f"\n{time.process_time() - began:.0f} s of one core")


def forecasts(title: str, recordings: Sequence[Recording]) -> None:
    """A day ahead from four origins each, against the day before."""
    print(f"\nForecast a day ahead: {title}")
    errors, naive, inside, pinball, spent = [], [], [], [], []
    for recording in recordings:
        values, ahead = recording.values, 86_400 // recording.step
        for origin in np.linspace(len(values) // 2, len(values) - ahead, 4).astype(int):
            truth, yesterday = values[origin : origin + ahead], values[origin - ahead : origin]
            known = np.isfinite(truth) & np.isfinite(yesterday)
            past = values[:origin]
            scale = np.nanmean(np.abs(past[ahead:] - past[:-ahead]))
            began = time.process_time()
            told = forecast(history(recording.step, memory=past), horizon=AHEAD)
            spent.append(time.process_time() - began)
            if known.mean() < 0.1 or not scale > 0 or not np.isfinite(told.point).all():  # noqa: PLR2004
                continue
            truth, paths = truth[known], told.paths[:, known, 0]
            errors.append(np.abs(truth - told.point[known, 0]).mean() / scale)
            naive.append(np.abs(truth - yesterday[known]).mean() / scale)
            inside.append(np.mean((paths[0] <= truth) & (truth <= paths[2])))
            quantiles = np.array(told.quantiles)[:, None]
            off = truth - paths
            pinball.append(2 * np.maximum(quantiles * off, (quantiles - 1) * off).mean() / scale)
    row("", "MASE", "CRPS", "80 % holds", "ms a series")
    row("seasonal naive", f"{np.mean(naive):.3f}", f"{np.mean(naive):.3f}", "-", "-")
    row(
        "ours",
        f"{np.mean(errors):.3f}",
        f"{np.mean(pinball):.3f}",
        f"{np.mean(inside):.3f}",
        f"{1000 * np.mean(spent):.1f}",
    )


def false_alarms(machines: Sequence[Recording]) -> None:
    """Look every half an hour at machines that never fill up: every alarm is false."""
    print("\nFull within 24 h, said of machines that never fill up (capacity 100 %)")
    row("", "looks", "false", "a machine-day")
    for half, chosen in (("set on", machines[::2]), ("held out", machines[1::2])):
        counts = {"ours": [0, 0], "predict_linear, 6 h": [0, 0]}
        looks, days = 0, 0.0
        for machine in chosen:
            past = history(machine.step, memory=machine.values)
            before = dict.fromkeys(counts, False)
            days += len(machine.values) / DAY
            for end in range(2 * HOUR, len(machine.values), HOUR // 2):
                looks += 1
                window = machine.values[max(0, end - LINEAR_HOURS * HOUR) : end]
                alarm = {
                    "ours": alarms_at(past, end),
                    "predict_linear, 6 h": rows_to_full(window, 100.0) <= DAY,
                }
                for name, now in alarm.items():
                    counts[name][0] += now
                    counts[name][1] += now and not before[name]
                before = alarm
        for name, (points, episodes) in counts.items():
            row(f"{name} ({half})", looks, f"{points / looks:.2%}", f"{episodes / days:.3f}")


def watched(machines: Sequence[Recording]) -> None:
    """Look every minute, each look knowing what the one before it said."""
    print("\nThe same, looked at every minute, as `watch` does; alarms within an hour are one")
    row("", "looks", "", "a machine-day")
    for half, chosen in (("set on", machines[::2]), ("held out", machines[1::2])):
        looks, episodes, days = 0, 0, 0.0
        for machine in chosen:
            past = history(machine.step, memory=machine.values)
            said, last = None, -HOUR
            days += len(machine.values) / DAY
            for end in range(2 * HOUR, len(machine.values)):
                looks += 1
                told = told_at(past.rows(0, end), 100.0)
                said = alarm_of(told, said, every=timedelta(seconds=machine.step))
                if said.is_raised:
                    episodes += end - last >= HOUR
                    last = end
        row(f"ours ({half})", looks, "", f"{episodes / days:.3f}")


def ramps(machines: Sequence[Recording], few: int) -> None:
    """Let machines fill up in 3 to 48 h, on their real noise; when is it told?"""
    print(
        "\nFull within 24 h, said of machines that fill up: told with half of the time left until"
    )
    print(
        "their noise first touches 100 %, until they stand there, and at all before the first touch"
    )
    spans = (3, 6, 12, 24, 48)
    row("machines shrunk to, and full in", *(f"{hours} h" for hours in spans))
    for scale in (0.5, 0.7, 0.85, 1.0):
        touch, stand, at_all, alone = (list[str]() for _ in range(4))
        for hours in spans:
            chosen = machines[:: 1 if few == 1 else 2]
            made = [ramp(m, scale, hours, back=37 * n) for n, m in enumerate(chosen)]
            told = [_first_told(one) for one in made]
            by = list(zip(made, told, strict=True))
            touch.append(f"{np.mean([at <= one.half_way(one.touches) for one, at in by]):.2f}")
            stand.append(f"{np.mean([at <= one.half_way(one.full) for one, at in by]):.2f}")
            at_all.append(f"{np.mean([at < one.touches for one, at in by]):.2f}")
            alone.append(f"{np.mean([growth_alone_tells(one) for one in made]):.2f}")
        row(f"{scale:g}: half of the time until it touches", *touch)
        row("     the same, by growth alone, known when and how fast", *alone)
        row("     half of the time until it stands there", *stand)
        row("     before it touches", *at_all)


def _first_told(one: Ramp) -> float:
    past = history(60, memory=one.values)
    looks = range(one.begins + 10, one.touches, 5)
    return next((end for end in looks if alarms_at(past, end + 1)), np.inf)


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at something that ages: what was known, and the rows left until its capacity."""

    past: Values
    step: int
    left: int
    capacity: float = 95.0


def _ageing_of(node: Recording, few: int) -> Iterator[_Look]:
    twelve = 12 * 3600 // node.step
    for capacity in (85.0, 95.0, 99.0):
        full = int(np.flatnonzero(node.values >= capacity)[0])
        for end in range(twelve // 2, full - twelve, 90 * few):
            yield _Look(node.values[: end + 1], node.step, full - end, capacity)


def _made_up(machines: Sequence[Recording]) -> Iterator[_Look]:
    """Make ageing that is straight, speeds up, slows down, or goes in small jumps."""
    random = np.random.default_rng(SEED)
    for machine in machines:
        noise = machine.values - np.nanmedian(machine.values)
        for noisy in (0.05, 0.2):
            rows = int(random.uniform(30, 60) * HOUR)
            time_left = np.linspace(0, 1.3, int(1.3 * rows))
            shapes = (
                time_left,
                0.8 * time_left + 0.2 * time_left**2,
                1.2 * time_left - 0.2 * time_left**2,
                0.85 * time_left + 0.15 * np.floor(5 * time_left) / 5,
            )
            for shape in shapes:
                values = 30 + 65 * shape + noisy * noise[1000 : 1000 + len(shape)]
                full = int(np.flatnonzero(values >= 95)[0])  # noqa: PLR2004 the capacity
                for share in (0.3, 0.4, 0.5, 0.6, 0.7):
                    end = int(share * full)
                    if full - end >= 12 * HOUR and np.isfinite(values[end]):
                        yield _Look(values[: end + 1], machine.step, full - end)


def _doubling(machines: Sequence[Recording]) -> Iterator[_Look]:
    """Make growth that feeds on itself, and look half a doubling to two before it is full."""
    for machine in machines:
        noise = np.nan_to_num(machine.values - np.nanmedian(machine.values))
        for every in (HOUR, 4 * HOUR):
            grown = 65 * 2.0 ** (np.arange(-7 * every, every) / every)
            values = 30 + grown + 0.2 * noise[1000 : 1000 + len(grown)]
            full = int(np.flatnonzero(values >= 95)[0])  # noqa: PLR2004 the capacity
            for left in (0.5, 0.75, 1, 1.5, 2):
                end = full - int(left * every)
                yield _Look(values[: end + 1], machine.step, full - end)


def ageing(title: str, looks: Iterator[_Look]) -> None:
    """Say when it is full."""
    errors, linear, day, covered, asked = [], [], [], [], 0
    for look in looks:
        asked += 1
        told = told_at(history(look.step, memory=look.past), look.capacity)
        hour = 3600 // look.step
        for found, hours in ((linear, LINEAR_HOURS), (day, 24)):
            found.append(
                abs(rows_to_full(look.past[-hours * hour :], look.capacity) / look.left - 1)
            )
        if told.likely is None or told.soonest is None or told.latest is None:
            continue
        left = timedelta(seconds=look.left * look.step)
        errors.append(abs(told.likely / left - 1))
        covered.append(told.soonest <= left <= told.latest)
    print(f"\nTime until full: {title}")
    row("", "looks", "told", "median error", "80 % holds")
    for name, found in (("predict_linear, 6 h", linear), ("predict_linear, 24 h", day)):
        row(name, asked, asked, f"{np.median(found):.3f}", "-")
    row("ours", asked, len(errors), f"{np.median(errors):.3f}", f"{np.mean(covered):.3f}")


@dataclass(slots=True)
class _Counts:
    right: int = 0
    false: int = 0
    missed: int = 0
    quiet: int = 0
    by_kind: dict[str, list[bool]] = field(default_factory=dict)

    def add(self, case: Case, *, leaks: bool) -> None:
        self.right += case.leaks and leaks
        self.missed += case.leaks and not leaks
        self.false += leaks and not case.leaks
        self.quiet += not leaks and not case.leaks
        self.by_kind.setdefault(case.kind, []).append(leaks)

    def show(self, name: str) -> None:
        row(
            name,
            f"{self.right / max(1, self.right + self.false):.3f}",
            f"{self.right / max(1, self.right + self.missed):.3f}",
            f"{2 * self.right / (2 * self.right + self.false + self.missed):.3f}",
            f"{self.false / max(1, self.false + self.quiet):.2%}",
        )


def leaks(title: str, recordings: Sequence[Recording]) -> None:
    """Tell leaks put into real memory from what only looks like them."""
    ours, theirs, eager = _Counts(), _Counts(), _Counts()
    for case in cases(list(recordings), seed=SEED):
        columns = {SIGNAL: case.values, LOAD: case.load, RESIDENT: case.resident}
        known = {name: column for name, column in columns.items() if column is not None}
        past = history(case.step, **known)
        found = find_leak(
            past,
            SIGNAL,
            case.limit,
            now=datetime.fromtimestamp(past.end, UTC),
            load=LOAD if LOAD in known else None,
            resident=RESIDENT if RESIDENT in known else None,
            restarts=[datetime.fromtimestamp(at * case.step, UTC) for at in case.restarts],
        )
        ours.add(case, leaks=found.leaks)
        for counts, least in ((theirs, 0.1), (eager, 0.01)):
            counts.add(case, leaks=coroot_leaks(case.values, case.limit, case.step, least=least))
    print(f"\nLeaks, {title}")
    row("", "precision", "recall", "F1", "false")
    theirs.show("Coroot's rule (a tenth of the limit an hour)")
    eager.show("the same at a hundredth of the limit an hour")
    ours.show("ours")
    row("  said to leak, by kind", "ours", "Coroot, 1/100")
    for kind, said in ours.by_kind.items():
        row(f"  {kind}", f"{np.mean(said):.2f}", f"{np.mean(eager.by_kind[kind]):.2f}")


if __name__ == "__main__":
    main()
