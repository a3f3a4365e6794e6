"""Tables of what a range query gave: one sample a line, or one series a column."""

from importlib import import_module
from pathlib import Path
from typing import Any
from warnings import catch_warnings

import numpy as np
from numpy.typing import NDArray

from healing.backtest import Recording, from_times, seconds
from healing.errors import BadInputError
from healing.history import Samples, one_series
from healing.history.identity import stable_labels

TABLES = (".csv", ".parquet")
TIMES = ("timestamp", "timestamps", "time", "ts", "datetime", "date")
LABELS = ("label", "labels", "is_anomaly", "anomaly")
VALUE = "value"
FEWEST = 2


def read_table(path: Path, name: str) -> list[Recording]:
    """Read every series of a table.

    With a column `value`, each line is one sample and all other columns are its labels: series
    that follow one another, and differ only in labels that change with each new container, are
    one. Without it, each column is one signal of the same service.

    Raises:
        BadInputError: It is no such table.
    """
    frame = _times_in_a_column(_load(path))
    try:
        return _recordings(frame, name)
    except BadInputError as error:
        raise BadInputError(f"{path}: {error}") from None


def _load(path: Path) -> Any:
    pandas: Any = import_module("pandas")
    try:
        if path.suffix.lower() == ".parquet":
            return pandas.read_parquet(path)
        with catch_warnings(action="error", category=pandas.errors.ParserWarning):
            # Without `index_col`, a comma at the end of each line would shift all columns by one;
            # what stands behind it would be dropped with a warning.
            return pandas.read_csv(path, index_col=False)
    except FileNotFoundError:
        raise BadInputError(f"{path}: there is no such file") from None
    except ImportError as error:
        raise BadInputError(f"{path}: reading it needs pyarrow: pip install pyarrow") from error
    except Exception as error:  # a parser's errors have no common root
        raise BadInputError(f"{path}: it is no table: {error}") from error


def _times_in_a_column(frame: Any) -> Any:
    """Take times from the index, where pandas keeps them, and Parquet with it."""
    name = str(frame.index.name).lower()
    if name not in TIMES and frame.index.dtype.kind != "M":
        return frame
    name = name if name in TIMES else TIMES[0]
    return frame if name in frame.columns else frame.reset_index(names=name)


def _recordings(frame: Any, name: str) -> list[Recording]:
    columns = {str(column).lower(): column for column in frame.columns}
    time = next((columns[known] for known in TIMES if known in columns), None)
    if time is None:
        raise BadInputError(f"no column of times: one of {', '.join(TIMES)} is needed")
    times = _times(frame[time])
    label = next((columns[known] for known in LABELS if known in columns), None)
    wrong = None if label is None else _numbers(frame[label], str(label))
    others = [column for column in frame.columns if column not in (time, label)]
    if VALUE in columns:
        value = columns[VALUE]
        named = [column for column in others if column != value]
        return _long(name, times, _numbers(frame[value], VALUE), frame[named], wrong)
    if not others:
        raise BadInputError("no column of values beside the times")
    values = np.stack([_numbers(frame[column], str(column)) for column in others], axis=1)
    signals = [str(column) for column in others]
    return [from_times(name, times, values, labels=wrong, signals=signals)]


def _long(
    name: str,
    times: NDArray[np.float64],
    values: NDArray[np.float64],
    labels: Any,
    wrong: NDArray[np.float64] | None,
) -> list[Recording]:
    """Make one recording of each identity."""
    rows_of = dict[tuple[tuple[str, str], ...], list[int]]()
    texts = labels.astype(str)
    for row, pairs in enumerate(texts.itertuples(index=False, name=None)):
        key = tuple(zip(map(str, texts.columns), pairs, strict=True))
        rows_of.setdefault(key, []).append(row)
    together = dict[tuple[tuple[str, str], ...], list[list[int]]]()
    for key, rows in rows_of.items():
        together.setdefault(tuple(stable_labels(dict(key)).items()), []).append(rows)

    found = list[Recording]()
    for key, parts in together.items():
        groups = [parts] if _follow(times, values, parts) else [[part] for part in parts]
        for number, group in enumerate(groups):
            rows = np.concatenate([np.array(part) for part in group])
            if len(rows) < FEWEST:
                continue
            said = ",".join(f"{label}={value}" for label, value in key) or name
            said = said if len(groups) == 1 else f"{said} #{number + 1}"
            found.append(
                from_times(
                    said,
                    times[rows],
                    values[rows],
                    labels=None if wrong is None else wrong[rows],
                    signals=[dict(key).get("__name__", VALUE)],
                )
            )
    if not found:
        raise BadInputError("no series of two samples or more")
    return found


def _follow(
    times: NDArray[np.float64], values: NDArray[np.float64], parts: list[list[int]]
) -> bool:
    samples = [Samples(times[rows], values[rows]) for rows in map(np.array, parts)]
    return one_series(samples) is not None


def _times(column: Any) -> NDArray[np.float64]:
    if column.dtype.kind in "iuf":
        return seconds(column.to_numpy())
    pandas: Any = import_module("pandas")
    read = pandas.to_datetime(column, utc=True, format="ISO8601", errors="coerce")
    if (strange := read.isna() & column.notna()).any():
        row, said = int(strange.argmax()) + 1, str(column[strange].iloc[0])
        raise BadInputError(f"row {row}: {said!r} is no time: neither a number nor ISO 8601")
    return seconds(read.dt.tz_localize(None).to_numpy())


def _numbers(column: Any, name: str) -> NDArray[np.float64]:
    pandas: Any = import_module("pandas")
    try:
        if column.dtype.kind == "O":  # as Prometheus writes them: "1.5", "NaN", "+Inf"
            column = column.map(float, na_action="ignore")
        return pandas.to_numeric(column).to_numpy(dtype=np.float64, na_value=np.nan)
    except (ValueError, TypeError) as error:
        raise BadInputError(f"column `{name}` does not hold numbers: {error}") from error
