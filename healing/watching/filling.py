"""What fills up, as findings: forecasts, leaks, and the replica in question where that is known."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from healing.finding import Finding
from healing.forecast import Exhaustion
from healing.leak import Leak, Spread
from healing.names import InstanceName, ServiceName
from healing.policy.exhausting import Alarm
from healing.policy.outlook import finding_of_exhaustion, finding_of_leak
from healing.watching.peers import Peers


def fillings(
    service: ServiceName,
    forecasts: Iterable[tuple[Exhaustion, Alarm]],
    leaks: Sequence[Leak],
    peers: Sequence[Peers],
    *,
    only: InstanceName | None,
    within: timedelta,
) -> list[Finding]:
    """Say what fills up, each signal once.

    Where one replica leaks and its peers do not, the finding is about that one. Where all leak it
    is about the one that is full first: they are restarted one after the other, if at all.

    Args:
        service: Of which all of it is.
        forecasts: With whether they are alarms.
        leaks: Of the service as a whole.
        peers: Of its replicas.
        only: Its container, when it has just one.
        within: The time that counts.
    """
    whose = {each.signal: each.leaking[0][0] for each in peers if each.leaking}
    found = [
        finding_of_exhaustion(service, whose.get(forecast.signal, only), forecast, alarm)
        for forecast, alarm in forecasts
    ]
    told = {finding.signal for finding in found if finding is not None}
    for each in peers:
        if each.signal not in told:
            all_alike = each.compared.spread is Spread.ALL
            chosen = each.leaking[:1] if all_alike else each.leaking
            found += [finding_of_leak(service, name, leak, within=within) for name, leak in chosen]
    told |= whose.keys()
    found += [
        finding_of_leak(service, only, leak, within=within)
        for leak in leaks
        if leak.signal not in told
    ]
    return [finding for finding in found if finding is not None]
