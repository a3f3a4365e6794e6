"""The REST interface of the agent, port 8200: OpenAPI at `/openapi.json`, docs at `/docs`."""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi_offline import FastAPIOffline
from starlette.types import ASGIApp, Receive, Scope, Send

from healing.api import breakers, health, incidents, problems, switch
from healing.api.access import Access
from healing.api.desk import Desk

LARGEST_BODY = 1024 * 1024
"""Bytes."""


def create_app(desk: Desk, access: Access) -> FastAPI:
    """Make the application; every write records who asked."""
    app = FastAPIOffline(
        responses=problems.ANSWERS,
        title="healing",
        version=desk.version,
        description="Keeps a stack of Docker services running, and says why it does what it does.",
    )
    app.state.desk = desk
    app.state.access = access
    problems.install(app)
    app.middleware("http")(_refuse_large_bodies)
    app.add_middleware(HeadAsGet)
    for part in (health, incidents, breakers, switch):
        app.include_router(part.router)
    return app


class HeadAsGet:
    """Answers HEAD, as those ask who watch whether we are there, as GET; the server sends no body.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"
        await self._app({**scope, "method": "GET"} if is_head else scope, receive, send)


async def _refuse_large_bodies(
    request: Request, answer: Callable[[Request], Awaitable[Response]]
) -> Response:
    length = request.headers.get("Content-Length", "0")
    chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
    if chunked or not length.isdigit() or int(length) > LARGEST_BODY:
        said = f"a body of at most {LARGEST_BODY} bytes with a Content-Length is taken"
        return problems.problem(413, said)
    return await answer(request)
