"""What in a happening, a state or a row of probe answers is a sign of trouble: pure rules."""

from datetime import datetime

from healing.diagnosis import Happenings
from healing.diagnosis.causes import LOOP_DEATHS, LOOP_WINDOW
from healing.diagnosis.chronicle import deaths
from healing.finding import Finding, Kind
from healing.instances import Happening, Health, Instance, RestartPolicy, Status, What
from healing.names import SignalName
from healing.services import Service


def sign_of_happening(
    happening: Happening, lately: Happenings, instance: Instance, service: Service
) -> Finding | None:
    """Say what one happening is a sign of; None when it is an ordinary one."""
    match happening.what:
        case What.DIED:
            return _sign_of_death(happening, lately, instance, service)
        case What.UNHEALTHY:
            said = "its HEALTHCHECK says unhealthy"
            return _finding(service, instance, Kind.UNHEALTHY, "healthcheck", said, happening.at)
        case _:
            return None


def sign_of_state(instance: Instance, service: Service, now: datetime) -> Finding | None:
    """Say what the state of a container is a sign of, as a listing shows it."""
    ended = instance.status in {Status.EXITED, Status.DEAD}
    if ended:
        said = f"found {instance.status}, exit code {instance.exit_code}"
        return _finding(service, instance, Kind.EXITED, "container", said, now)
    if instance.status is Status.RUNNING and instance.health is Health.UNHEALTHY:
        said = "found unhealthy"
        return _finding(service, instance, Kind.UNHEALTHY, "healthcheck", said, now)
    return None


def _sign_of_death(
    death: Happening, lately: Happenings, instance: Instance, service: Service
) -> Finding | None:
    """A death that the engine itself mends is a sign only when it happens again and again."""
    mended = _engine_mends(instance.restart_policy, death.exit_code)
    count = deaths(lately, since=death.at - LOOP_WINDOW)
    if mended and count < LOOP_DEATHS:
        return None
    signal = "crash_loop" if mended else "container"
    said = f"ended with exit code {death.exit_code}"
    if count > 1:
        said += f", {count} times within {LOOP_WINDOW.seconds} s"
    return _finding(service, instance, Kind.EXITED, signal, said, death.at)


def _engine_mends(policy: RestartPolicy, exit_code: int | None) -> bool:
    if policy is RestartPolicy.ON_FAILURE:
        return exit_code != 0
    return policy in {RestartPolicy.ALWAYS, RestartPolicy.UNLESS_STOPPED}


def _finding(
    service: Service, instance: Instance, kind: Kind, signal: str, said: str, at: datetime
) -> Finding:
    return Finding(
        service=service.name,
        instance=instance.name,
        kind=kind,
        signal=SignalName(signal),
        score=1.0,
        detail=f"{instance.name} {said}",
        at=at,
    )
