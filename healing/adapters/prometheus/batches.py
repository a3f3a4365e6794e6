"""Many questions in one request: each query gets a mark by which its series are told apart."""

from collections.abc import Sequence
from urllib.parse import quote

from healing.history import Read

MARK = "healing_read"
LONGEST = 6_000
"""Characters of the encoded query; proxies refuse addresses from 8 KiB on."""
MOST_TOGETHER = 64
MOST_POINTS = 16_000
"""Of all questions of one request: joining costs the store time for each of them."""


def together(reads: Sequence[Read]) -> list[list[int]]:
    """Group questions about the same times, as many as one request may hold.

    Returns:
        Places in `reads`; each stands in exactly one group.
    """
    groups = dict[tuple[int, int, int], list[int]]()
    for number, read in enumerate(reads):
        groups.setdefault((read.start, read.end, read.step), []).append(number)
    return [batch for numbers in groups.values() for batch in _cut(reads, numbers)]


def joined(queries: Sequence[str]) -> str:
    """Make one query of many; a single one stays as it is.

    Example:
        >>> print(joined(["up", "sum(x)"]))
        (label_replace(
        up
        ,"healing_read","0","","")) or (label_replace(
        sum(x)
        ,"healing_read","1","",""))
    """
    if len(queries) == 1:
        return queries[0]
    return _either([_marked(query, number) for number, query in enumerate(queries)])


def _either(parts: Sequence[str]) -> str:
    """Join by halves: each `or` costs the store as much as both of its sides have series."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    return f"({_either(parts[:half])}) or ({_either(parts[half:])})"


def _marked(query: str, number: int) -> str:
    # On a line of its own, or a comment at its end would swallow what follows.
    return f'label_replace(\n{query}\n,"{MARK}","{number}","","")'


def _cut(reads: Sequence[Read], numbers: Sequence[int]) -> list[list[int]]:
    first = reads[numbers[0]]
    points = (first.end - first.start) // first.step + 1
    most = min(MOST_TOGETHER, max(1, MOST_POINTS // points))
    batches: list[list[int]] = [[]]
    length = 0
    for number in numbers:
        marked = _marked(reads[number].query, len(batches[-1]))
        more = len(quote(f"({marked}) or ()", safe=""))
        if batches[-1] and (len(batches[-1]) == most or length + more > LONGEST):
            batches.append([])
            length = 0
        batches[-1].append(number)
        length += more
    return batches
