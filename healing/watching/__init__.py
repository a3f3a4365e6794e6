"""The steps of looking ahead, each a call on the ports; flows put them in order."""

from healing.watching.chance import beyond_chance
from healing.watching.failures import FailureLearner
from healing.watching.fleet import FleetWatch, Sight
from healing.watching.judgement import Judgement
from healing.watching.latest import Latest
from healing.watching.learner import Learned, Learner, Result, summary
from healing.watching.observer import Observed, Observer
from healing.watching.peers import Peers
from healing.watching.remembered import Remembered
from healing.watching.seer import Seer
from healing.watching.strange import Strangeness
from healing.watching.turns import Shard, drift, has_its_turn, shards

__all__ = [
    "FailureLearner",
    "FleetWatch",
    "Judgement",
    "Latest",
    "Learned",
    "Learner",
    "Observed",
    "Observer",
    "Peers",
    "Remembered",
    "Result",
    "Seer",
    "Shard",
    "Sight",
    "Strangeness",
    "beyond_chance",
    "drift",
    "has_its_turn",
    "shards",
    "summary",
]
