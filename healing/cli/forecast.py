"""`heal forecast`: where the signals of a recording go, and when they are full."""

import argparse
from pathlib import Path

from healing.cli.options import Commands, add_capacity, read_span, write_arrays

MOST_AHEAD = 100_000
FEWEST_ROWS, FARTHEST = 30, 48
"""So many rows at least, and one for so many that are looked ahead."""


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("forecast", help="say where the signals of a recording go")
    parser.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="an .npz with `timestamps` and `values`, or `train` and `test`; or a table",
    )
    parser.add_argument("--horizon", default="24h", metavar="TIME", help="how far ahead (24h)")
    add_capacity(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FORECAST.npz",
        help="where to write it; what stands on the screen says the same in words",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the forecast, and say in one line per signal when it is full.

    The file holds `timestamps` (h,), `names` (k,), `values` (h, k), `quantiles` (q,), `paths`
    (q, h, k), and where the capacity is known `seconds_to_full` (k, 3), which one in ten, half
    and nine in ten are sooner than (infinite: it does not fill up), and `certainty` (k,), that it
    is full within the horizon.

    Raises:
        BadInputError: The file is not a recording, or an option makes no sense.
    """
    import numpy as np

    from healing.adapters.recordings import read_recording
    from healing.backtest import look_ahead, usual_capacity
    from healing.errors import BadInputError
    from healing.forecast import Outlook, forecast

    horizon = read_span("--horizon", args.horizon)
    history = read_recording(args.file).history
    ahead = round(horizon.total_seconds() / history.step)
    if not 1 <= ahead <= MOST_AHEAD:
        raise BadInputError(
            f"--horizon {args.horizon} is {ahead} rows of {history.step} s: from 1 to {MOST_AHEAD}"
        )
    if len(history) < max(FEWEST_ROWS, ahead // FARTHEST):
        raise BadInputError(f"{args.file}: {len(history)} rows are too few to look {ahead} ahead")
    course = forecast(history, horizon=horizon)
    for signal in np.array(course.signals)[np.isnan(course.point).all(axis=0)]:
        print(f"{signal}: too little is known of it to say what course it takes")
    full = np.full((len(history.signals), 3), np.nan)
    certainty = np.full(len(history.signals), np.nan)
    alarms = np.zeros(len(history.signals), np.bool_)
    for number, signal in enumerate(history.signals):
        capacity = args.capacity if args.capacity is not None else usual_capacity(signal)
        if capacity is None:
            print(f"{signal}: where it is full is not known (--capacity)")
            continue
        told, alarm = look_ahead(history, signal, capacity, window=horizon)
        alarms[number] = alarm.is_raised
        if told.outlook is not Outlook.UNKNOWN:
            times = (told.soonest, told.likely, told.latest)
            full[number] = [np.inf if time is None else time.total_seconds() for time in times]
            certainty[number] = told.certainty
        said = "an alarm" if alarm.is_raised else "no alarm"
        print(f"{told.outlook}: {told.reason}; {said}: {alarm.reason}")
    write_arrays(
        args.output,
        timestamps=course.times,
        names=np.array(course.signals, np.str_),
        values=course.point,
        quantiles=np.array(course.quantiles),
        paths=course.paths,
        seconds_to_full=full,
        certainty=certainty,
        alarm=alarms,
    )
    return 0
