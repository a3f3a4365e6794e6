"""Who may do what: bearer tokens with roles, or this machine only."""

import hmac
import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from healing.errors import SetupError
from healing.names import Actor


class Role(IntEnum):
    """What a token allows; each role includes the ones below it."""

    VIEWER = 1
    OPERATOR = 2
    APPROVER = 3
    ADMIN = 4


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what they may do."""

    name: Actor
    role: Role


LOCAL = Caller(Actor("local"), Role.ADMIN)
"""Whoever asks on this machine, when there are no tokens."""
Given = Annotated[
    HTTPAuthorizationCredentials | None,
    Security(
        HTTPBearer(
            scheme_name="token",
            description="One of `api.tokens`; where none is configured, none is needed.",
            auto_error=False,
        )
    ),
]
"""What stands in the request, of the right scheme."""


@dataclass(frozen=True, slots=True)
class Access:
    """Recognises callers.

    Attributes:
        tokens: The caller of each token; empty: everybody on this machine may do everything.
    """

    tokens: Mapping[str, Caller]

    def check_address(self, host: str) -> None:
        """Refuse to listen to other machines without tokens.

        Raises:
            SetupError: There are no tokens, and `host` is not a loopback address.
        """
        if self.tokens or is_loopback(host):
            return
        raise SetupError(
            f"without tokens the API listens on this machine only, not on {host}",
            remedy="set `api.tokens` in the configuration, or `api.host: 127.0.0.1`",
        )

    def recognise(self, request: Request, given: HTTPAuthorizationCredentials | None) -> Caller:
        """Say who asks, and by what token.

        Raises:
            HTTPException: 401 without a valid token; 403 for a page of another site.
        """
        if not self.tokens:
            self._refuse_foreign_pages(request)
            return LOCAL
        if given is not None:
            for token, caller in self.tokens.items():
                if hmac.compare_digest(token.encode(), given.credentials.strip().encode()):
                    return caller
        challenge = {"WWW-Authenticate": "Bearer"}
        raise HTTPException(401, "a bearer token is needed", headers=challenge)

    def _refuse_foreign_pages(self, request: Request) -> None:
        """A page of another site, open in a browser on this machine, is not this machine."""
        if not is_loopback(request.url.hostname or ""):
            raise HTTPException(403, "without tokens, ask for 127.0.0.1 or localhost by name")
        origin = request.headers.get("Origin")
        if origin is not None and not is_loopback(origin.partition("//")[2].rpartition(":")[0]):
            raise HTTPException(403, "without tokens, pages of other sites may not ask")


def needs(role: Role) -> Callable[[Request, Given], Caller]:
    """Make a FastAPI dependency that lets only callers of `role` and above through."""

    def caller(request: Request, given: Given) -> Caller:
        access: Access = request.app.state.access
        found = access.recognise(request, given)
        if found.role < role:
            detail = f"{found.name} is {found.role.name.lower()}; this needs {role.name.lower()}"
            raise HTTPException(403, detail)
        return found

    return caller


Viewer = Annotated[Caller, Depends(needs(Role.VIEWER))]
Operator = Annotated[Caller, Depends(needs(Role.OPERATOR))]


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine's loopback."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
