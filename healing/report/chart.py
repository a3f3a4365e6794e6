"""A picture of one signal: its history, what is usual, where it is full, where it is going."""

import base64
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from healing.history import say

WIDTH, HEIGHT = 760, 320
LEFT, RIGHT, TOP, BOTTOM = 96, 16, 44, 40
MOST_POINTS = 600
"""More than that are drawn as the lowest and the highest of each stretch, so no peak is lost."""

# A card with a ground of its own is readable on a light page and on a dark one.
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#334155}.title{font-weight:600;font-size:14px}"
    ".grid{stroke:#e2e8f0}.usual{fill:#bfdbfe;opacity:.6}.band{fill:#fdba74;opacity:.55}"
    ".line{fill:none;stroke:#1d4ed8;stroke-width:1.6}"
    ".ahead{fill:none;stroke:#c2410c;stroke-width:1.8;stroke-dasharray:6 4}"
    ".full{stroke:#b91c1c;stroke-width:1.5;stroke-dasharray:3 3}"
    ".found{stroke:#475569;stroke-dasharray:2 3}"
)

_HEAD = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
    f'width="{WIDTH}" height="{HEIGHT}"><style>{_STYLE}</style>'
    f'<rect x=".5" y=".5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="8" fill="#fff" '
    'stroke="#cbd5e1"/>'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What is to be seen; times in seconds since the epoch.

    Attributes:
        points: Time and value of each sample, oldest first; NaN makes a gap.
        found_at: The moment of the finding.
        usual: From here to here is usual; None when that is not known.
        capacity: Where it is full; None when it cannot be.
        ahead: When it reaches its capacity: the early time (one in ten is sooner), the likely one,
            the late one. None when it does not.
    """

    title: str
    unit: str
    points: Sequence[tuple[float, float]]
    found_at: float
    usual: tuple[float, float] | None = None
    capacity: float | None = None
    ahead: tuple[float, float, float] | None = None


def draw(chart: Chart) -> str:
    """Draw it as SVG; empty when nothing was measured."""
    known = [(at, value) for at, value in chart.points if math.isfinite(value)]
    if not known:
        return ""
    scale = _scale(chart, known)
    parts = [
        _HEAD,
        f'<text class="title" x="14" y="24">{escape(chart.title)}</text>',
        *_axes(scale, chart.unit),
        *_usual(chart, scale),
        *_ahead(chart, scale, known[-1]),
        *_capacity(chart, scale),
        *(f'<path class="line" d="{path}"/>' for path in _paths(_thinned(chart.points), scale)),
        *_found(chart, scale),
        "</svg>",
    ]
    return "".join(parts)


def as_address(svg: str) -> str:
    """Turn a picture into a `data:` address, which markdown can show without any server."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}" if svg else ""


@dataclass(frozen=True, slots=True)
class _Scale:
    begin: float
    end: float
    low: float
    high: float

    def x(self, at: float) -> float:
        share = (min(max(at, self.begin), self.end) - self.begin) / (self.end - self.begin)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _scale(chart: Chart, known: Sequence[tuple[float, float]]) -> _Scale:
    levels = [value for _, value in known]
    if chart.ahead is not None and chart.capacity is not None:
        levels.append(chart.capacity)
    low, high = min(levels), max(levels)
    margin = 0.08 * (high - low) or max(abs(high) * 0.1, 1e-9)
    floor = 0.0 if low >= 0 > low - 4 * margin else low - margin
    begin, newest = chart.points[0][0], chart.points[-1][0]
    # A forecast that reaches far shall not squeeze the past to nothing.
    reach = min(chart.ahead[2] - newest, newest - begin) if chart.ahead else 0.0
    return _Scale(begin, max(newest + max(reach, 0.0), begin + 1.0), floor, high + margin)


def _axes(scale: _Scale, unit: str) -> Iterator[str]:
    for step in range(5):
        value = scale.low + (scale.high - scale.low) * step / 4
        y = scale.y(value)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        label = escape(say(value, unit))
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
    days = scale.end - scale.begin > 86_400  # noqa: PLR2004 - a day
    for step in range(5):
        at = scale.begin + (scale.end - scale.begin) * step / 4
        when = datetime.fromtimestamp(at, UTC)
        label = f"{when:%d %b %H:%M}" if days else f"{when:%H:%M:%S}"
        anchor = ("start", "middle", "middle", "middle", "end")[step]
        x = scale.x(at)
        yield f'<text x="{x:.1f}" y="{HEIGHT - 16}" text-anchor="{anchor}">{label}</text>'
    yield f'<text x="14" y="{HEIGHT - 16}">UTC</text>'


def _usual(chart: Chart, scale: _Scale) -> Iterator[str]:
    if chart.usual is None:
        return
    top, bottom = scale.y(chart.usual[1]), scale.y(chart.usual[0])
    width = WIDTH - LEFT - RIGHT
    yield (
        f'<rect class="usual" x="{LEFT}" y="{top:.1f}" width="{width}" '
        f'height="{max(bottom - top, 2):.1f}"/>'
    )
    yield f'<text x="{LEFT + 6}" y="{bottom - 5:.1f}">usual</text>'


def _capacity(chart: Chart, scale: _Scale) -> Iterator[str]:
    if chart.capacity is None or not scale.low <= chart.capacity <= scale.high:
        return
    y = scale.y(chart.capacity)
    yield f'<line class="full" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
    label = escape(f"full at {say(chart.capacity, chart.unit)}")
    yield f'<text x="{LEFT + 6}" y="{y - 5:.1f}">{label}</text>'


def _ahead(chart: Chart, scale: _Scale, newest: tuple[float, float]) -> Iterator[str]:
    if chart.ahead is None or chart.capacity is None:
        return
    x, y = scale.x(newest[0]), scale.y(newest[1])
    early, likely, late = (_until_edge(scale, newest, at, chart.capacity) for at in chart.ahead)
    corner = f" L{scale.x(chart.ahead[2]):.1f},{scale.y(chart.capacity):.1f}"
    yield f'<path class="band" d="M{x:.1f},{y:.1f} L{early}{corner} L{late} Z"/>'
    yield f'<path class="ahead" d="M{x:.1f},{y:.1f} L{likely}"/>'


def _until_edge(scale: _Scale, newest: tuple[float, float], full_at: float, capacity: float) -> str:
    """Go straight from the newest sample to where it is full, or to the edge of the picture."""
    share = min(1.0, (scale.end - newest[0]) / max(full_at - newest[0], 1e-9))
    at = newest[0] + share * (full_at - newest[0])
    return f"{scale.x(at):.1f},{scale.y(newest[1] + share * (capacity - newest[1])):.1f}"


def _found(chart: Chart, scale: _Scale) -> Iterator[str]:
    x = scale.x(chart.found_at)
    yield f'<line class="found" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{HEIGHT - BOTTOM}"/>'
    anchor = "end" if x > WIDTH / 2 else "start"
    yield f'<text x="{x:.1f}" y="{TOP - 12}" text-anchor="{anchor}">found</text>'


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    stretch = -(-2 * len(points) // MOST_POINTS)
    if len(points) <= MOST_POINTS:
        return list(points)
    kept: list[tuple[float, float]] = []
    for first in range(0, len(points), stretch):
        part = points[first : first + stretch]
        known = [point for point in part if math.isfinite(point[1])]
        if not known:
            kept.append(part[0])
            continue
        ends = {min(known, key=lambda p: p[1]), max(known, key=lambda p: p[1])}
        kept += sorted(ends)
    return kept


def _paths(points: Sequence[tuple[float, float]], scale: _Scale) -> Iterator[str]:
    path: list[str] = []
    for at, value in [*points, (0.0, math.nan)]:
        if math.isfinite(value):
            path.append(f"{scale.x(at):.1f},{scale.y(value):.1f}")
            continue
        if path:
            # A lone sample between two gaps is drawn as a dot.
            yield f"M{path[0]} L{' '.join(path[1:] or [path[0]])}"
        path = []
