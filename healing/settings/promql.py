"""A glance at PromQL: is it whole? Whether it makes sense, Prometheus says."""

from collections.abc import Iterator

_CLOSES = {")": "(", "]": "[", "}": "{"}


def checked(query: str) -> str:
    """Return the query if its brackets and quotes match.

    Raises:
        ValueError: It is empty, or a bracket or quote is left open.
    """
    if not query:
        raise ValueError("must be PromQL, not empty")
    open_brackets: list[str] = []
    letters = iter(query)
    for letter in letters:
        if letter in {'"', "'", "`"}:
            _skip_string(letters, letter)
        elif letter == "#":
            _skip_comment(letters)
        elif letter in _CLOSES.values():
            open_brackets.append(letter)
        elif letter in _CLOSES and (not open_brackets or open_brackets.pop() != _CLOSES[letter]):
            raise ValueError(f"is not PromQL: {letter!r} closes nothing")
    if open_brackets:
        raise ValueError(f"is not PromQL: {open_brackets[-1]!r} is never closed")
    return query


def _skip_string(letters: Iterator[str], quote: str) -> None:
    for letter in letters:
        if letter == "\\" and quote != "`":
            next(letters, None)
        elif letter == quote:
            return
    raise ValueError(f"is not PromQL: a {quote} is never closed")


def _skip_comment(letters: Iterator[str]) -> None:
    for letter in letters:
        if letter == "\n":
            return
