"""Ask everything that we need whether it is there."""

import shutil
from collections.abc import Callable

from healing.api.desk import Checkup
from healing.api.schemas import DependencyView
from healing.errors import HealingError
from healing.wiring import Services

VITAL = frozenset({"containers", "disk"})
"""What acting cannot do without; the rest only makes us see or tell less."""
LEAST_SPACE = 16 * 2**20
"""Bytes free below which the ledger is in danger."""


def checkups(services: Services, *, prefect: Callable[[], bool]) -> tuple[Checkup, ...]:
    """Give a question for each thing that we need.

    Args:
        services: Ours.
        prefect: Tells whether the fast lane is connected.
    """

    def containers() -> DependencyView:
        try:
            return DependencyView(name="containers", ok=True, detail=services.host.ping())
        except HealingError as error:
            return DependencyView(name="containers", ok=False, detail=str(error))

    def disk() -> DependencyView:
        state = services.settings.storage.state_dir
        free = shutil.disk_usage(state).free
        detail = f"{free // 2**20} MiB free in {state}"
        return DependencyView(name="disk", ok=free >= LEAST_SPACE, detail=detail)

    def record() -> DependencyView:
        there = prefect()
        detail = "connected" if there else "away: recoveries are recorded later"
        return DependencyView(name="prefect", ok=there, detail=detail)

    def metrics() -> DependencyView:
        if not services.watching.observer.services():
            return DependencyView(name="prometheus", ok=True, detail="no service has metrics")
        try:
            services.watching.observer.source.ping()
        except HealingError as error:
            return DependencyView(name="prometheus", ok=False, detail=str(error))
        return DependencyView(name="prometheus", ok=True, detail="answers")

    def shared_state() -> DependencyView:
        sight = services.breakers.sight()
        detail = sight.why_stale or f"answers, {len(sight.breakers)} circuit breakers"
        return DependencyView(name="redis", ok=not sight.why_stale, detail=detail)

    always = (containers, disk, record, metrics)
    return (*always, shared_state) if services.breakers.is_configured else always
