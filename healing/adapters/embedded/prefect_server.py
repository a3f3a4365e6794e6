"""A Prefect server of our own: tuned, without telemetry, and never asked to leave the machine."""

import sys
from collections.abc import Mapping
from pathlib import Path

from healing.adapters.embedded.child import Child

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_CLI_COLORS": "false",
}
"""No telemetry, no advertisement."""

TUNED = {
    # One transaction per event is the default; 100 at a time cost a third of the processor time.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "1",
    # Leases kept in the server's memory are lost, and their slots taken for ever, at a restart.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": (
        "prefect.server.concurrency.lease_storage.filesystem"
    ),
    "PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "1",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": "2592000",
}


def prefect_server(
    *,
    host: str,
    port: int,
    database: str | None,
    home: Path,
    log: Path,
    env: Mapping[str, str],
) -> Child:
    """Prepare a server; `database` None means SQLite in its home."""
    address = f"http://{host}:{port}"
    url = database or f"sqlite+aiosqlite:///{home}/prefect.db"
    settings = {
        **QUIET,
        **TUNED,
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_API_HOST": host,
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_UI_API_URL": f"{address}/api",
        "PREFECT_API_URL": f"{address}/api",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": url,
    }
    home.mkdir(parents=True, exist_ok=True)
    argv = [sys.executable, "-m", "prefect", "server", "start"]
    return Child("prefect", argv, env={**env, **settings}, log=log, cwd=home)
