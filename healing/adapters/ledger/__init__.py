"""The ledger on local disk: one JSON line per event, one file per day."""

from healing.adapters.ledger.files import FileLedger

__all__ = ["FileLedger"]
