"""Reasons read well, whatever the numbers are."""

import pytest

from healing.anomaly import Reason
from healing.features import Way
from tests.metrics import MEMORY, MIB


@pytest.mark.parametrize(
    ("value", "low", "high", "said"),
    [
        (150.0, 97.0, 103.0, "memory is 150 MiB, usually 97 MiB to 103 MiB"),
        (20.4, 19.9, 20.1, "memory is 20 MiB, usually a little less"),
        (19.7, 19.9, 20.1, "memory is 20 MiB, usually a little more"),
        (20.4, 10.0, 20.1, "memory is 20 MiB, usually 10 MiB to 20 MiB"),
    ],
    ids=["far out", "just above", "just below", "at the edge"],
)
def test_a_value_is_never_said_to_be_what_is_usual(
    value: float, low: float, high: float, said: str
) -> None:
    reason = Reason(
        signal=MEMORY, share=1, way=Way.LEVEL, value=value * MIB, low=low * MIB, high=high * MIB
    )
    assert reason.sentence("bytes") == said
