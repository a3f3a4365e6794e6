"""What deserves attention, and why."""

from healing.policy.because import Because
from healing.policy.triage import Attach, Ignore, Open, Surroundings, Triage, triage

__all__ = ["Attach", "Because", "Ignore", "Open", "Surroundings", "Triage", "triage"]
