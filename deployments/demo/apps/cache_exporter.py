"""Tells Prometheus how the cache is doing."""

from cache import CacheError, ask
from web import Service

FIGURES = {
    "used_memory": ("cache_memory_bytes", "Memory of the cache.", "gauge"),
    "maxmemory": ("cache_memory_limit_bytes", "Memory it may have.", "gauge"),
    "connected_clients": ("cache_connections", "Connections to it.", "gauge"),
    "total_commands_processed": ("cache_commands_total", "Commands done.", "counter"),
    "uptime_in_seconds": ("cache_uptime_seconds", "Time since its start.", "gauge"),
}


def trouble() -> str:
    """Not the cache's health: this program's, which has nothing to break."""
    return ""


class Exporter(Service):
    """Answers `/metrics` with what the cache says of itself; `cache_up` is 0 when it is silent."""

    def answer(self, method: str, target: str) -> tuple[int, str]:
        """Answer one request."""
        if not target.startswith("/metrics"):
            return super().answer(method, target)
        try:
            said = dict(line.split(":", 1) for line in ask("INFO").splitlines() if ":" in line)
        except CacheError:
            said = {}
        lines = ["# HELP cache_up Whether it answers.", "# TYPE cache_up gauge"]
        lines.append(f"cache_up {int(bool(said))}")
        for figure, (name, about, kind) in FIGURES.items():
            if figure in said:
                lines += [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]
                lines.append(f"{name} {said[figure]}")
        return 200, "\n".join([*lines, ""])


if __name__ == "__main__":
    Exporter(trouble, {}).run()
