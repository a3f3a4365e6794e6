"""What can be said of an incident: its causes, the choice, how the act went, if it helped."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from healing.policy.because import Because


class Code(StrEnum):
    """A likely cause. Also the tag of the flow run."""

    EXITED = "exited"
    KILLED = "killed"
    OUT_OF_MEMORY = "out_of_memory"
    START_FAILED = "start_failed"
    CRASH_LOOP = "crash_loop"
    HUNG = "hung"
    NOT_LISTENING = "not_listening"
    FAILING_HEALTHCHECK = "failing_healthcheck"
    BROKEN_HEALTHCHECK = "broken_healthcheck"
    MEMORY_LEAK = "memory_leak"
    EXHAUSTION = "exhaustion"
    UPSTREAM_DOWN = "upstream_down"
    HUMAN_STOPPED = "human_stopped"
    STOP_UNEXPLAINED = "stop_unexplained"
    PAUSED = "paused"
    COMPLETED = "completed"
    ENGINE_RESTARTING = "engine_restarting"
    STARTING = "starting"
    GONE = "gone"
    RECOVERED = "recovered"
    WELL = "well"
    STRANGE = "strange"
    CALLS_FAIL = "calls_fail"
    """Its callers find it failing, and nothing that we can see or ask says why."""
    REQUESTED = "requested"

    @property
    def is_a_warning(self) -> bool:
        """Whether the container still does its work, and only will not for long."""
        return self in {Code.MEMORY_LEAK, Code.EXHAUSTION, Code.STRANGE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One likely cause, with what speaks for it."""

    code: Code
    confidence: float
    """0 to 1."""
    evidence: tuple[str, ...]
    """One sentence each."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One piece of evidence, as a row of the report."""

    name: str
    value: str


class Remedy(StrEnum):
    """What can be done about it."""

    START = "start"
    RESTART = "restart"


class Answer(StrEnum):
    """What was decided."""

    ACT = "act"
    NOTHING = "nothing"
    WAIT = "wait"
    """Look again at `until`, or when something changes."""
    ESCALATE = "escalate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What to do about an incident, and why.

    Attributes:
        remedy: Set exactly when the answer is to act.
        attempt: Counted from 1 over the whole incident.
        until: When to look again; None while only an event can change it.
    """

    answer: Answer
    because: Because
    detail: str
    remedy: Remedy | None = None
    attempt: int = 1
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """What must still be true of a container right before it is touched.

    Docker cannot check a lock for us, so we check that it is the same container, in the same run,
    in the state that the plan was made for.
    """

    id: str
    status: str
    started_at: datetime | None
    restart_count: int


class Outcome(StrEnum):
    """How an act went."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    SUPERSEDED = "superseded"
    """The fence was broken: somebody else changed the container first; nothing was done."""
    NOT_BEGUN = "not_begun"
    """The engine could not be asked to; nothing was done."""


class Verdict(StrEnum):
    """Whether it helped."""

    STABLE = "stable"
    UNCHANGED = "unchanged"
    UNVERIFIABLE = "unverifiable"


class Ending(StrEnum):
    """How an incident ended. Also the state name of its flow run and the `outcome` label."""

    HEALED = "healed"
    RECOVERED = "recovered"
    """It got well without us."""
    NOTHING_TO_DO = "nothing_to_do"
    DRY_RUN = "dry_run"
    ESCALATED = "escalated"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
