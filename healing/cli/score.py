"""`heal score`: how strange each row of a recording is, written to a file."""

import argparse
from pathlib import Path

from healing.cli.options import Commands, add_seed, write_arrays


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("score", help="say how strange each row of a recording is")
    parser.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="an .npz with `train` and `test`, or `timestamps` and `values`; or a table",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="SCORES.npz",
        help="where to write `scores`: of the test rows, or of all rows",
    )
    add_seed(parser, same="scores")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write `scores`, one for each row; NaN where nothing was measured or could be known yet.

    Raises:
        BadInputError: The file is not a recording, or too short.
    """
    from healing.adapters.recordings import read_recording
    from healing.backtest import causal_scores, scores_after
    from healing.errors import BadInputError, NotEnoughHistoryError

    recording = read_recording(args.file)
    try:
        if recording.trained is None:
            scores = causal_scores(recording.history, seed=args.seed)[recording.rows]
        else:
            scores = scores_after(recording.history, recording.trained, seed=args.seed)
    except NotEnoughHistoryError as error:
        raise BadInputError(f"{args.file}: too few rows to learn from: {error}") from None
    write_arrays(args.output, scores=scores)
    return 0
