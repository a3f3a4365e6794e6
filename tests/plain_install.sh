#!/bin/sh
# A plain `pip install ".[pipelines]"` into an empty environment, in whatever versions are newest
# today, started from an empty folder: `heal up` must come up, say where it is, and leave nothing.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "· a plain install of healing[pipelines] into $work"
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "$root[pipelines]"

mkdir "$work/empty" "$work/state"
chmod 755 "$work"
cd "$work/empty"
unset HEALING_CONFIG HEALING_HOME HEALING_STATE PREFECT_API_URL HEALING_REDIS_URL PYTHONPATH || true

"$work/venv/bin/python" - <<'PY'
import subprocess, sys, tempfile, pathlib
# The light kit must stay light: importing it pulls in none of the heavy packages.
heavy = subprocess.run(
    [sys.executable, "-c", "import healing, sys; print([m for m in ('prefect','pandas','sklearn') if m in sys.modules])"],
    capture_output=True, text=True, check=True)
assert heavy.stdout.strip() == "[]", heavy.stdout
PY

exec "$work/venv/bin/python" "$root/tests/plain_install.py" "$work"
