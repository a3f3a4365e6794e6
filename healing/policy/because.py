"""Why something was, or was not, done: one word each, the same everywhere.

The same word is shown to people, put on the `reason` label of metrics and written to the ledger.
"""

from enum import StrEnum


class Because(StrEnum):
    """A reason for a decision."""

    # Triage: what a finding deserves.
    NEW = "new"
    ALREADY_OPEN = "already_open"
    OUR_OWN_ACT = "our_own_act"
    NOT_ENABLED = "not_enabled"
    WITHOUT_IMPACT = "without_impact"
    STARTING = "starting"

    # Diagnosis: why nothing is wrong, or nothing that an act of ours could mend.
    WELL_AGAIN = "well_again"
    HUMAN_STOPPED = "human_stopped"
    STOP_CAUSE_UNKNOWN = "stop_cause_unknown"
    PAUSED_BY_OPERATOR = "paused_by_operator"
    COMPLETED_OK = "completed_ok"
    UPSTREAM_DOWN = "upstream_down"
    ENGINE_RESTARTS_IT = "engine_restarts_it"
    HEALTHCHECK_MISCONFIGURED = "healthcheck_misconfigured"
    TARGET_GONE = "target_gone"
    START_FAILED = "start_failed"
    CRASH_LOOP = "crash_loop"
    NOTHING_WRONG = "nothing_wrong"
    NO_REMEDY = "no_remedy"
    NOT_HEALED = "not_healed"

    # Gates: why we may not act now.
    SWITCHED_OFF = "switched_off"
    SELF_PROTECTION = "self_protection"
    PROTECTED = "protected"
    HELD_BY_LABEL = "held_by_label"
    OBSERVE_ONLY = "observe_only"
    RECOMMEND_ONLY = "recommend_only"
    APPROVAL_REQUIRED = "approval_required"
    DRY_RUN = "dry_run"
    COOLING_DOWN = "cooling_down"
    BUDGET_EXHAUSTED = "budget_exhausted"
    HUMAN_AT_WORK = "human_at_work"
    LAST_REPLICA = "last_replica"
    STORM = "storm"

    # Acting and verifying.
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    STABLE = "stable"
    STILL_UNWELL = "still_unwell"
    CANCELLED = "cancelled"
