"""Did it help? The expectation is stated before acting."""

from healing.verification.expectation import Expectation, Look, expect, judge

__all__ = ["Expectation", "Look", "expect", "judge"]
