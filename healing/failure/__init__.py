"""About to fail? The probability that a service fails within 15 minutes, an hour, a day."""

from healing.failure.hazard import Hazard, cold
from healing.failure.learning import Outcomes, learn
from healing.failure.model import SCHEMA, from_arrays, to_arrays
from healing.failure.prognosis import Prognosis, Reason, foresee
from healing.failure.signs import HORIZONS, SIGNS, Sign, Signs, chance_within, recency
from healing.failure.strange import rarity, signs_of_strangeness

__all__ = [
    "HORIZONS",
    "SCHEMA",
    "SIGNS",
    "Hazard",
    "Outcomes",
    "Prognosis",
    "Reason",
    "Sign",
    "Signs",
    "chance_within",
    "cold",
    "foresee",
    "from_arrays",
    "learn",
    "rarity",
    "recency",
    "signs_of_strangeness",
    "to_arrays",
]
