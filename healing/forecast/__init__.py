"""Where is it going, and when is it full?"""

from healing.forecast.exhaustion import Exhaustion, Outlook, forecast_exhaustion
from healing.forecast.models import Model
from healing.forecast.paths import Forecast, forecast

__all__ = ["Exhaustion", "Forecast", "Model", "Outlook", "forecast", "forecast_exhaustion"]
