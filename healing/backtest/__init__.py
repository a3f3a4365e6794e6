"""Recordings replayed as they happened: what would have been said, and what it was worth."""

from healing.backtest.duel import Duel, duel, rows_held_back
from healing.backtest.recording import Recording, from_split, from_times, seconds
from healing.backtest.replay import causal_scores, scores_after

__all__ = [
    "Duel",
    "Recording",
    "causal_scores",
    "duel",
    "from_split",
    "from_times",
    "rows_held_back",
    "scores_after",
    "seconds",
]
