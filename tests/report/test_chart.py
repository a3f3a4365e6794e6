"""The picture of a finding says what it shows, and stays whole whatever it is given."""

import base64
import math
import re
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healing.report.chart import HEIGHT, WIDTH, Chart, as_address, draw

MIB = 2.0**20
NOON = 1_767_268_800.0


def parsed(svg: str) -> Element:
    return fromstring(svg)  # noqa: S314 - it is our own


def chart(**changes: object) -> Chart:
    points = [(NOON + 60 * n, (60 + n) * MIB) for n in range(120)]
    base = {"title": "memory", "unit": "bytes", "points": points, "found_at": NOON + 7000}
    return Chart(**{**base, **changes})


def test_a_picture_names_its_units_its_times_its_capacity_and_the_moment_of_the_finding() -> None:
    ahead = (NOON + 8000, NOON + 9000, NOON + 12_000)
    full = chart(capacity=256 * MIB, usual=(50 * MIB, 70 * MIB), ahead=ahead)
    texts = parsed(draw(full)).iter("{http://www.w3.org/2000/svg}text")
    words = [text.text or "" for text in texts]
    assert {"memory", "UTC", "usual", "found", "full at 256 MiB", "12:00:00"} <= set(words)
    assert any(word.endswith("MiB") for word in words)


def test_a_gap_is_a_gap_and_a_lone_sample_is_still_seen() -> None:
    points = [(NOON + 60 * n, 1.0 + n) for n in range(30)]
    points[10:20] = [(at, math.nan) for at, _ in points[10:20]]
    points[15] = (points[15][0], 5.0)
    assert draw(chart(points=points)).count('class="line"') == 3


def test_no_peak_is_lost_among_many_points() -> None:
    points = [(NOON + n, 1.0) for n in range(20_000)]
    points[12_345] = (NOON + 12_345, 100.0)
    svg = draw(chart(points=points))
    ys = [float(y) for y in re.findall(r"[\d.]+,([\d.]+)", svg)]
    assert min(ys) < 0.25 * HEIGHT < 0.75 * HEIGHT < max(ys)
    assert len(svg) < 30_000


def test_what_others_wrote_cannot_become_markup() -> None:
    svg = draw(chart(title="<script>alert(1)</script> & co"))
    assert "<script" not in svg
    assert parsed(svg) is not None


@pytest.mark.parametrize("points", [[], [(NOON, math.nan)]], ids=["no point", "nothing measured"])
def test_without_measurements_there_is_no_picture(points: list[tuple[float, float]]) -> None:
    assert draw(chart(points=points)) == as_address("") == ""


def test_an_address_holds_the_whole_picture() -> None:
    svg = draw(chart())
    head, body = as_address(svg).split(",", 1)
    assert head == "data:image/svg+xml;base64"
    assert base64.b64decode(body).decode() == svg


VALUES = st.floats(-1e9, 1e12) | st.just(math.nan)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(VALUES, min_size=1, max_size=40),
    st.none() | st.floats(1e-3, 1e12),
    st.none() | st.tuples(*[st.floats(0, 1e6)] * 3),
)
def test_every_picture_is_whole_and_keeps_within_its_frame(
    values: list[float], capacity: float | None, spans: tuple[float, float, float] | None
) -> None:
    points = [(NOON + 60 * n, value) for n, value in enumerate(values)]
    ahead = tuple(points[-1][0] + span for span in sorted(spans)) if spans else None
    svg = draw(chart(points=points, capacity=capacity, ahead=ahead, usual=(0.0, 1.0)))
    if not svg:
        return
    assert parsed(svg) is not None
    assert "nan" not in svg
    pairs = re.findall(r"(-?[\d.]+),(-?[\d.]+)", " ".join(re.findall(r' d="([^"]*)"', svg)))
    assert all(0 <= float(x) <= WIDTH and 0 <= float(y) <= HEIGHT for x, y in pairs)
