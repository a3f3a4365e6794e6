"""Strange? Higher is stranger, and means the same for every service."""

from healing.anomaly.aftermath import of_late
from healing.anomaly.lasting import lasting, lasting_rarity
from healing.anomaly.learning import fit, rows_to_learn
from healing.anomaly.model import SCHEMA, Model, from_arrays, to_arrays
from healing.anomaly.reasons import Reason, reasons
from healing.anomaly.recent import Recent, beside_recent, recent_of
from healing.anomaly.scoring import Scores, misfit, score, score_many
from healing.anomaly.surprise import doubt

__all__ = [
    "SCHEMA",
    "Model",
    "Reason",
    "Recent",
    "Scores",
    "beside_recent",
    "doubt",
    "fit",
    "from_arrays",
    "lasting",
    "lasting_rarity",
    "misfit",
    "of_late",
    "reasons",
    "recent_of",
    "rows_to_learn",
    "score",
    "score_many",
    "to_arrays",
]
