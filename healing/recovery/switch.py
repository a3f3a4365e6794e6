"""The switch that stops all acting: one file, so that it outlives the agent."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from healing.names import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchedOff:
    """Who switched acting off, when and why."""

    by: Actor
    reason: str
    at: datetime

    def __str__(self) -> str:
        """Say it in one sentence."""
        return f"switched off by {self.by} at {self.at:%Y-%m-%d %H:%M} UTC: {self.reason}"


class Switch:
    """On unless somebody switched it off, here or by pausing the work pool in the Prefect UI."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.pool_paused = ""
        """What the Prefect side says; empty while it does not object."""

    def off(self, *, by: Actor, reason: str, at: datetime) -> SwitchedOff:
        """Stop all acting from now on; also after a restart of the agent."""
        record = {"by": by, "reason": reason, "at": at.isoformat()}
        temporary = self._file.with_suffix(".new")
        temporary.write_text(json.dumps(record))
        temporary.replace(self._file)
        return SwitchedOff(by=by, reason=reason, at=at)

    def on(self) -> None:
        """Allow acting again."""
        self._file.unlink(missing_ok=True)

    def state(self) -> SwitchedOff | None:
        """Say who switched it off here; None while it is on.

        A file that cannot be understood counts as off: somebody wanted it off.
        """
        try:
            record = json.loads(self._file.read_text())
            return SwitchedOff(
                by=Actor(record["by"]),
                reason=record["reason"],
                at=datetime.fromisoformat(record["at"]),
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            at = datetime.fromtimestamp(self._file.stat().st_mtime).astimezone()
            return SwitchedOff(by=Actor("unknown"), reason=f"unreadable: {error}", at=at)

    def why_off(self) -> str:
        """Say in one sentence why acting is off; empty while it is on."""
        here = self.state()
        return str(here) if here else self.pool_paused
