"""Is it still the container that the plan was made for?"""

from healing.incidents import Fence
from healing.instances import Instance


def fence(instance: Instance) -> Fence:
    """Note what must still be true right before the container is touched."""
    return Fence(
        id=instance.id,
        status=instance.status.value,
        started_at=instance.started_at,
        restart_count=instance.restart_count,
    )


def broken(noted: Fence, now: Instance) -> str | None:
    """Say what has changed since the fence was noted; None when it still holds."""
    if now.id != noted.id:
        return "the container was replaced by another one of the same name"
    if now.status.value != noted.status:
        return f"it was {noted.status}, and is {now.status} now"
    if now.started_at != noted.started_at:
        return "somebody else started it in between"
    if now.restart_count != noted.restart_count:
        return "Docker restarted it in between"
    return None
