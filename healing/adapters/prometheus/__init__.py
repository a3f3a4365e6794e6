"""Prometheus, and what speaks its query API, through prometheus-api-client."""

from healing.adapters.prometheus.session import Patience
from healing.adapters.prometheus.source import PrometheusSource

__all__ = ["Patience", "PrometheusSource"]
