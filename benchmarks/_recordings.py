"""Real series that the accuracy benchmarks are built on, where they are present."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Recording:
    """One series on a grid; NaN where nothing was measured."""

    step: int
    values: Values
    load: Values | None = None


def folder() -> Path | None:
    """Find the recordings; None, and a line on how to name them, where there are none."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    found = Path(os.environ.get("HEALING_RECORDINGS", beside))
    if found.is_dir():
        return found
    print(f"no recordings in {found}: HEALING_RECORDINGS names their folder")
    return None


def machines(data: Path) -> list[Recording]:
    """Read the memory of machines that never fill up, in percent."""
    files = sorted((data / "exhaustion").glob("machine_memory_*.npz"))
    return [Recording(60, np.load(f)["values"][:, 0].astype(np.float64)) for f in files]


def ageing(data: Path) -> Recording:
    """Read the memory of an edge node that ages until it is full, in percent."""
    with np.load(data / "exhaustion" / "edge_constant_load.npz") as file:
        column = list(file["names"]).index("memory_percent")
        return Recording(20, file["values"][:, column].astype(np.float64))


def kpis(data: Path) -> list[Recording]:
    """Read indicators of web services."""
    files = sorted((data / "kpis").glob("*.npz"))
    return [Recording(60, np.load(f)["values"].astype(np.float64)) for f in files]


def pods(data: Path) -> Iterator[Recording]:
    """Read the memory of pods, with the requests that they served."""
    for path in sorted((data / "faults").glob("*.npz")):
        with np.load(path) as file:
            names = list(file["metrics"])
            memory, load = names.index("MemoryUsage(Mi)"), names.index("PodWorkload(Ops)")
            for number in range(len(file["pods"])):
                values = file[f"v{number}"].astype(np.float64)
                yield Recording(60, values[:, memory], values[:, load])
