"""What `recovery_action` of a breaker asks for, as far as a recovery can do it."""

from collections.abc import Sequence
from dataclasses import dataclass

from healing.incidents import Remedy
from healing.services import ByCompose, Target
from healing.settings.actions import (
    Action,
    RestartContainer,
    RunHealthCheck,
    StartContainer,
    StopGracefully,
)
from healing.settings.tree import Settings


@dataclass(frozen=True, slots=True)
class RecoveryAction:
    """What is to be done when a breaker opens.

    Attributes:
        word: The procedure or action, as the file calls it.
        remedy: What a recovery is to do; None leaves it to the diagnosis.
        is_whole: Whether that is all that was asked for.
    """

    word: str
    remedy: Remedy | None
    is_whole: bool = True

    def __str__(self) -> str:
        return self.word


def recovery_action(settings: Settings, breaker: str) -> RecoveryAction | None:
    """Say what is to be done when a breaker opens; None when nothing is."""
    word = settings.circuit_breakers.named(breaker).recovery_action
    if word is None:
        return None
    procedures, known = settings.recovery.procedures, settings.known_actions()
    words = procedures[word].actions if word in procedures else (word,)
    actions = [action for each in words for action in known.get(each, ())]
    service = settings.named_services().get(breaker)
    target = service.target.target() if service and service.target else ByCompose(breaker)
    if not all(_can_be_done(action, target) for action in actions):
        return RecoveryAction(word, None, is_whole=False)
    return RecoveryAction(word, _remedy_of(actions))


def _can_be_done(action: Action, target: Target) -> bool:
    """Tell whether a recovery can do this; every recovery asks the probes anyway."""
    match action:
        case (
            RestartContainer(target=whose, grace=grace) | StopGracefully(target=whose, grace=grace)
        ):
            return whose in {None, target} and grace is None
        case StartContainer(target=whose) | RunHealthCheck(target=whose):
            return whose in {None, target}
        case _:
            return False


def _remedy_of(actions: Sequence[Action]) -> Remedy | None:
    """Stopping and starting again is a restart; stopping alone mends nothing."""
    kinds = {
        type(action) for action in actions if action != RestartContainer(only_if_still_unwell=True)
    }
    starts = StartContainer in kinds
    if RestartContainer in kinds or (StopGracefully in kinds and starts):
        return Remedy.RESTART
    return Remedy.START if starts else None
