"""The picture of a finding: the signal it is about, as far back as it looks ahead."""

from collections.abc import Sequence
from datetime import timedelta

from healing.anomaly import Reason
from healing.finding import Finding, Kind
from healing.forecast import Exhaustion
from healing.names import SignalName
from healing.report import Chart, as_address, draw
from healing.watching.observer import Observed

LEAST = timedelta(hours=6)
"""How far back a picture goes at least, where there is history."""


def picture(
    seen: Observed,
    findings: Sequence[Finding],
    forecasts: Sequence[Exhaustion],
    reasons: Sequence[Reason],
) -> str:
    """Draw the signal of the first finding, as a `data:` address; empty when there is none."""
    for finding in findings:
        forecast = next((f for f in forecasts if f.signal == finding.signal), None)
        if finding.kind is Kind.EXHAUSTION and forecast is not None:
            return _draw(seen, finding, finding.signal, forecast=forecast)
        if finding.kind is Kind.ANOMALY and reasons:
            usual = (reasons[0].low, reasons[0].high)
            return _draw(seen, finding, reasons[0].signal, usual=usual)
    return ""


def _draw(
    seen: Observed,
    finding: Finding,
    signal: SignalName,
    *,
    forecast: Exhaustion | None = None,
    usual: tuple[float, float] | None = None,
) -> str:
    ahead = _times(forecast) if forecast else None
    span = max(LEAST, forecast.latest if forecast and forecast.latest else LEAST)
    past = seen.history.tail(int(span.total_seconds()) // seen.history.step)
    units = {known.name: known.unit for known in seen.service.signals}
    values = past.column(signal).astype(float).tolist()
    chart = Chart(
        title=f"{seen.service.name}: {signal}",
        unit=units.get(signal, ""),
        points=list(zip(past.times.astype(float).tolist(), values, strict=True)),
        found_at=finding.at.timestamp(),
        usual=usual,
        capacity=forecast.capacity if forecast else None,
        ahead=ahead,
    )
    return as_address(draw(chart))


def _times(forecast: Exhaustion) -> tuple[float, float, float] | None:
    if forecast.soonest is None or forecast.likely is None or forecast.latest is None:
        return None
    early, likely, late = (
        (forecast.at + span).timestamp()
        for span in (forecast.soonest, forecast.likely, forecast.latest)
    )
    return early, likely, late
