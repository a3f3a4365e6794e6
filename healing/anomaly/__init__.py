"""Strange? Higher is stranger, and means the same for every service."""

from healing.anomaly.detect import Scores, fit, rows_to_learn, score
from healing.anomaly.meaning import lasting, lasting_rarity, score_of, surprise_of
from healing.anomaly.model import SCHEMA, Model, from_arrays, to_arrays
from healing.anomaly.reasons import Reason, reasons

__all__ = [
    "SCHEMA",
    "Model",
    "Reason",
    "Scores",
    "fit",
    "from_arrays",
    "lasting",
    "lasting_rarity",
    "reasons",
    "rows_to_learn",
    "score",
    "score_of",
    "surprise_of",
    "to_arrays",
]
