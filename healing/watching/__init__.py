"""The steps of looking ahead, each a call on the ports; flows put them in order."""

from healing.watching.learner import Learned, Learner
from healing.watching.observer import Observed, Observer
from healing.watching.seer import Judgement, Seer

__all__ = ["Judgement", "Learned", "Learner", "Observed", "Observer", "Seer"]
