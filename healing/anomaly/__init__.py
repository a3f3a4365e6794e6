"""Strange? Higher is stranger, and means the same for every service."""

from healing.anomaly.aftermath import of_late
from healing.anomaly.learning import fit, rows_to_learn
from healing.anomaly.meaning import lasting, lasting_rarity, score_of, surprise_of
from healing.anomaly.model import SCHEMA, Model, from_arrays, to_arrays
from healing.anomaly.reasons import Reason, reasons
from healing.anomaly.scoring import Scores, misfit, score, score_many
from healing.anomaly.surprise import doubt

__all__ = [
    "SCHEMA",
    "Model",
    "Reason",
    "Scores",
    "doubt",
    "fit",
    "from_arrays",
    "lasting",
    "lasting_rarity",
    "misfit",
    "of_late",
    "reasons",
    "rows_to_learn",
    "score",
    "score_many",
    "score_of",
    "surprise_of",
    "to_arrays",
]
