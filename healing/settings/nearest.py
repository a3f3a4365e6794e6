"""What the operator probably meant."""

import difflib
import re
from collections.abc import Iterable

_CLOSE = 0.6


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Find the known word that looks most like `word`; None when nothing comes close.

    Case, `-` and `_`, and camelCase make no difference.

    Example:
        >>> nearest("failureThreshold", ["failure_threshold", "timeout"])
        'failure_threshold'
    """
    by_shape: dict[str, str] = {}
    for candidate in known:
        by_shape.setdefault(_shape(candidate), candidate)
    found = difflib.get_close_matches(_shape(word), by_shape, n=1, cutoff=_CLOSE)
    return by_shape[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Say which known word is nearest, as the end of a sentence; empty when none is."""
    found = nearest(word, known)
    return f"; did you mean '{found}'?" if found else ""


def _shape(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", word.lower()) or word
