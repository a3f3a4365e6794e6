"""Recordings replayed as they happened: what would have been said, and what it was worth."""

from healing.backtest.recording import Recording, from_split, from_times, seconds
from healing.backtest.replay import causal_scores, scores_after

__all__ = ["Recording", "causal_scores", "from_split", "from_times", "scores_after", "seconds"]
