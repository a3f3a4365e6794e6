"""Errors as RFC 9457 problem documents: the one mapping from our errors to HTTP."""

import http
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from healing.errors import (
    BadInputError,
    HealingError,
    InstanceGoneError,
    LedgerFullError,
    StateConflictError,
    TemporaryError,
    UnknownBreakerError,
    UnknownContainerError,
    UnknownServiceError,
)

STATUS: dict[type[HealingError], int] = {
    UnknownServiceError: 404,
    UnknownContainerError: 404,
    UnknownBreakerError: 404,
    InstanceGoneError: 404,
    StateConflictError: 409,
    BadInputError: 422,
    LedgerFullError: 507,
    TemporaryError: 503,
    HealingError: 500,
}
"""The most exact class wins."""


def problem(status: int, detail: str, **more: Any) -> JSONResponse:
    """Make a problem document."""
    title = http.HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return JSONResponse(body, status, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Answer every error of `app` with a problem document."""

    async def ours(_: Request, error: Exception) -> JSONResponse:
        kinds = [kind for kind in STATUS if isinstance(error, kind)]
        nearest = max(kinds, key=lambda kind: len(kind.__mro__))
        return problem(STATUS[nearest], str(error))

    async def theirs(_: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, HTTPException):
            raise error
        response = problem(error.status_code, str(error.detail))
        response.headers.update(error.headers or {})
        return response

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, RequestValidationError):
            raise error
        faults = [
            {"where": ".".join(str(part) for part in fault["loc"]), "what": fault["msg"]}
            for fault in error.errors()
        ]
        said = "; ".join(f"{fault['where']}: {fault['what']}" for fault in faults)
        return problem(422, said, faults=faults)

    app.add_exception_handler(HealingError, ours)
    app.add_exception_handler(HTTPException, theirs)
    app.add_exception_handler(RequestValidationError, invalid)
