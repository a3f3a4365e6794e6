"""Writes what happens to an incident where it must be written, in the right order."""

from collections.abc import Callable
from datetime import datetime

from healing.incidents import Book, Entry, Event, Incident
from healing.names import IncidentId
from healing.ports import Board, Ledger


class Journal:
    """First the ledger (synced), then the book in memory, then whoever listens.

    Args:
        ledger: Where it is kept.
        book: What is known of it in memory.
        clock: Gives the present time, with zone.
        boards: Told of each line after it is safe; they may be slow or away.
    """

    def __init__(
        self,
        ledger: Ledger,
        book: Book,
        clock: Callable[[], datetime],
        boards: tuple[Board, ...] = (),
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._boards = boards
        self.book = book

    def write(self, incident: IncidentId, event: Event) -> Incident:
        """Write one event and say how the incident stands now.

        Raises:
            LedgerFullError: It could not be written, and so it is not known either.
            KeyError: There is no such incident, and the event does not open one.
        """
        entry = Entry(self._clock(), incident, event)
        self._ledger.append(entry)
        after = self.book.write(entry)
        if after is None:
            raise KeyError(incident)
        for board in self._boards:
            board.post(entry, after)
        return after
