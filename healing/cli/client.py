"""Talk to the agent of this machine over its REST interface."""

import http.client
import json
import os
from typing import Any

from healing.errors import PermanentError, TemporaryError
from healing.settings import Settings

TIMEOUT = 10.0
"""Seconds."""


def ask(settings: Settings, method: str, path: str, body: object = None) -> Any:
    """Ask the agent, with the token in `HEALING_TOKEN` where there is one.

    Raises:
        TemporaryError: No agent answers.
        PermanentError: It says no; the message is its own.
    """
    api = settings.api
    headers = {"Content-Type": "application/json"}
    if token := os.environ.get("HEALING_TOKEN", "").strip():
        headers["Authorization"] = f"Bearer {token}"
    host = "127.0.0.1" if api.host in {"0.0.0.0", "::"} else api.host  # noqa: S104 - not bound here
    connection = http.client.HTTPConnection(host, api.port, timeout=TIMEOUT)
    try:
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        response = connection.getresponse()
        said = response.read()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise TemporaryError(
            f"no agent answers on {host}:{api.port} ({error}); start one with `heal up`"
        ) from error
    finally:
        connection.close()
    kind = response.headers.get_content_type()
    if kind == "application/problem+json":
        problem = json.loads(said)
        raise PermanentError(f"{problem['title']}: {problem['detail']}")
    if response.status >= http.HTTPStatus.MULTIPLE_CHOICES or kind != "application/json":
        raise PermanentError(
            f"what answers on {host}:{api.port} is no agent ({response.status} {response.reason}, "
            f"{kind}): `api.port` or HEALING_API_PORT says where ours is"
        )
    return json.loads(said)
