"""Errors as RFC 9457 problem documents: the one mapping from our errors to HTTP."""

import http
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
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


class Problem(BaseModel):
    """What is wrong, and what to do about it (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str


ANSWERS: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "What is wrong, and what to do about it",
        "content": {"application/problem+json": {"schema": Problem.model_json_schema()}},
    }
}
"""What every route may answer besides what was asked for."""


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

    async def theirs(request: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, HTTPException):
            raise error
        response = problem(error.status_code, _said(error, request))
        response.headers.update(error.headers or {})
        return response

    async def invalid(request: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, RequestValidationError):
            raise error
        faults = [
            {"where": ".".join(str(part) for part in fault["loc"]), "what": _what(fault)}
            for fault in error.errors()
        ]
        said = "; ".join(f"{fault['where']}: {fault['what']}" for fault in faults)
        if isinstance(error.body, bytes):
            kind = request.headers.get("Content-Type", "none")
            said = f"the body is read as JSON with `Content-Type: application/json`, not {kind}"
        return problem(422, said, faults=faults)

    async def unforeseen(_: Request, error: Exception) -> JSONResponse:
        kind = type(error).__name__
        return problem(500, f"a fault of the agent itself ({kind}): its log says more")

    app.add_exception_handler(HealingError, ours)
    app.add_exception_handler(HTTPException, theirs)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Exception, unforeseen)


def _said(error: HTTPException, request: Request) -> str:
    """Say what to do, where the framework says no more than the title of the status does."""
    allowed = (error.headers or {}).get("Allow")
    match error.status_code, error.detail:
        case 404, "Not Found":
            return f"there is no {request.url.path}: /docs shows what there is"
        case 405, _ if allowed:
            return f"{request.url.path} takes {allowed}, not {request.method}"
        case 400, "There was an error parsing the body":
            return "the body is no JSON in UTF-8, or is too deep"
        case _, detail:
            return detail


def _what(fault: dict[str, Any]) -> str:
    """Say what is wrong with one value; of text that is no JSON, where it stops being that."""
    if fault["type"] == "json_invalid":
        return f"{fault['msg']}: {fault['ctx']['error']}"
    return fault["msg"]
