"""Where our flows, tasks and deployments are, and what the processes that run them need to know."""

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path

from healing.errors import NotInstalledError, SetupError
from healing.settings import Settings

PACKAGE = Path(__file__).resolve().parents[1]
CLIENT = {
    # Each of these saves round trips on the way from a finding to an act.
    "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "false",
    "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
    # A server that is away is asked three times more, not for two minutes.
    "PREFECT_CLIENT_MAX_RETRIES": "3",
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "DO_NOT_TRACK": "1",
    # Two cores, many small models: threads inside numpy would only get in each other's way.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def home(env: Mapping[str, str]) -> Path:
    """Find the folder with `flows/`: `HEALING_HOME`, the checkout we stand in, or the bundle.

    Raises:
        SetupError: There is none.
    """
    named = env.get("HEALING_HOME")
    places = [Path(named)] if named else [PACKAGE.parent, PACKAGE / "app"]
    for place in places:
        if (place / "flows" / "agent.py").is_file():
            return place.resolve()
    raise SetupError(
        f"no flows in {places[-1]}",
        remedy="set HEALING_HOME to a checkout, or install healing again",
    )


def environment(settings: Settings, env: Mapping[str, str], **more: str) -> dict[str, str]:
    """Make the environment of the processes that we start.

    Raises:
        SetupError: What they are made of is not there.
    """
    for module in ("prefect", "uvicorn"):
        if importlib.util.find_spec(module) is None:
            raise NotInstalledError(module)
    root = home(env)
    path = os.pathsep.join(part for part in (str(root), env.get("PYTHONPATH", "")) if part)
    state = settings.storage.state_dir
    return {
        **CLIENT,
        "PREFECT_HOME": str(state / "prefect"),
        **env,
        "HEALING_HOME": str(root),
        "HEALING_STATE": str(state),
        "PYTHONPATH": path,
        **more,
    }
