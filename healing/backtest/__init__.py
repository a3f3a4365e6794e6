"""Recordings replayed as they happened: what would have been said, and what it was worth."""

from healing.backtest.duel import Duel, duel, rows_held_back
from healing.backtest.exhaustion import look_ahead, usual_capacity
from healing.backtest.judge import Terms, Verdict, judge
from healing.backtest.recording import Recording, from_split, from_times, of_history, seconds
from healing.backtest.replay import (
    Replayed,
    causal_scores,
    replay_after,
    replay_whole,
    scores_after,
)
from healing.backtest.summary import as_json, as_markdown, as_text
from healing.backtest.vus import vus_pr

__all__ = [
    "Duel",
    "Recording",
    "Replayed",
    "Terms",
    "Verdict",
    "as_json",
    "as_markdown",
    "as_text",
    "causal_scores",
    "duel",
    "from_split",
    "from_times",
    "judge",
    "look_ahead",
    "of_history",
    "replay_after",
    "replay_whole",
    "rows_held_back",
    "scores_after",
    "seconds",
    "usual_capacity",
    "vus_pr",
]
