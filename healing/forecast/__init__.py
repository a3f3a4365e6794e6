"""Where is it going, and when is it full?"""

from healing.forecast.exhaustion import Exhaustion, Outlook, forecast_exhaustion

__all__ = ["Exhaustion", "Outlook", "forecast_exhaustion"]
