"""The gate in front of every request: right host, own site, right token."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final

from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emotion_bot.dashboard.login_page import login_page
from emotion_core.privacy.access import request_refusal, same_secret
from emotion_core.privacy.throttle import Sessions, Throttle

COOKIE: Final = "emotion_bot_session"
LOGIN_PATH: Final = "/login"
LOGOUT_PATH: Final = "/logout"

_LONGEST_LOGIN_BODY: Final = 4096

# Vue compiles its templates in the browser and needs eval; nothing may come from elsewhere.
_CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; font-src 'self' data:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)

_HEADERS: Final = (
    (b"content-security-policy", _CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    # Not no-referrer: browsers would then send the form's own origin as null.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    # What has no rule of its own is asked for anew, so that no old page stays in a browser.
    (b"cache-control", b"no-cache"),
)

# A client could otherwise make the page load its parts from a path of its choice.
_DROPPED_HEADERS: Final = frozenset({b"x-forwarded-prefix", b"x-forwarded-host"})


@dataclass(frozen=True)
class Gate:
    """Who may pass.

    Attributes:
        names: host names of this server besides its addresses.
        token: that a viewer must give; empty for none.
        throttle: slows down wrong tokens.
        sessions: of the browsers that gave the right one.
        secure: whether the server speaks TLS.
    """

    names: tuple[str, ...]
    token: str
    throttle: Throttle
    sessions: Sessions
    secure: bool = False


class Guard:
    """ASGI middleware around everything, HTTP and WebSocket alike.

    Args:
        app: what is guarded.
        gate: who may pass.
    """

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        # NiceGUI looks for its application along this attribute.
        self.app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        scope["headers"] = [
            (name, value) for name, value in scope["headers"] if name not in _DROPPED_HEADERS
        ]
        answer = await self._answer(scope, receive)
        if answer is None:
            await self.app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            # Before the handshake is accepted this becomes an HTTP 403.
            await send({"type": "websocket.close", "code": 1008})
        else:
            await answer(scope, receive, _with_headers(send))

    async def _answer(self, scope: Scope, receive: Receive) -> Response | None:
        """Return what to answer instead of the page; None lets the request pass."""
        headers = _headers(scope["headers"])
        is_websocket = scope["type"] == "websocket"
        method = scope.get("method", "GET")
        refusal = request_refusal(method, headers, self._gate.names, websocket=is_websocket)
        if refusal:
            return PlainTextResponse(f"Refused: {refusal}.\n", status_code=403)
        if not self._gate.token:
            return None
        if not is_websocket and scope["path"] == LOGIN_PATH:
            return await self._login(scope, receive, method, headers)
        if not is_websocket and scope["path"] == LOGOUT_PATH and method == "POST":
            self._gate.sessions.end(_session_key(headers))
            return _to(LOGIN_PATH)
        if self._gate.sessions.is_valid(_session_key(headers)):
            return None
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and given:
            return self._bearer(_address(scope), given.strip())
        if not is_websocket and method == "GET" and "text/html" in headers.get("accept", ""):
            return _to(LOGIN_PATH)
        return PlainTextResponse("A token is needed.\n", status_code=401)

    def _bearer(self, address: str, given: str) -> Response | None:
        if wait := self._attempt(address, given):
            return _too_many(wait)
        return None if wait is not None else PlainTextResponse("Wrong token.\n", status_code=401)

    def _attempt(self, address: str, given: str) -> float | None:
        """Return 0 for the right token, None for a wrong one, seconds when not even looked at."""
        wait = self._gate.throttle.wait_seconds(address)
        if wait > 0:
            return wait
        if same_secret(given, self._gate.token):
            self._gate.throttle.succeeded(address)
            return 0.0
        self._gate.throttle.failed(address)
        return None

    async def _login(
        self, scope: Scope, receive: Receive, method: str, headers: dict[str, str]
    ) -> Response:
        if method in ("GET", "HEAD"):
            return HTMLResponse(login_page())
        if method != "POST":
            return PlainTextResponse("Method not allowed.\n", status_code=405)
        body = await _body(receive, headers)
        if body is None:
            return PlainTextResponse("Too long.\n", status_code=413)
        fields = urllib.parse.parse_qs(body.decode("utf-8", "replace"))
        wait = self._attempt(_address(scope), fields.get("token", [""])[0].strip())
        if wait is None:
            return HTMLResponse(login_page("That is not the token."), status_code=401)
        if wait > 0:
            text = f"Too many wrong tokens. Try again in {wait:.0f} s."
            response = HTMLResponse(login_page(text), status_code=429)
            response.headers["Retry-After"] = str(max(1, round(wait)))
            return response
        answer = _to("/")
        answer.set_cookie(
            COOKIE,
            self._gate.sessions.start(),
            max_age=int(self._gate.sessions.lifetime),
            httponly=True,
            samesite="strict",
            secure=self._gate.secure,
        )
        return answer


def _to(path: str) -> Response:
    return RedirectResponse(path, status_code=303)


def _too_many(wait: float) -> Response:
    return PlainTextResponse(
        "Too many wrong tokens.\n",
        status_code=429,
        headers={"Retry-After": str(max(1, round(wait)))},
    )


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        # A second Host or Origin must not hide the first one; joined they match nothing.
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def _session_key(headers: dict[str, str]) -> str:
    cookies = SimpleCookie()
    try:
        cookies.load(headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookies[COOKIE].value if COOKIE in cookies else ""


def _address(scope: Scope) -> str:
    client: Any = scope.get("client")
    return str(client[0]) if client else ""


async def _body(receive: Receive, headers: dict[str, str]) -> bytes | None:
    """Return the body of a small form; None when it is too long."""
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > _LONGEST_LOGIN_BODY:
        return None
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > _LONGEST_LOGIN_BODY:
            return None
        if not message.get("more_body", False):
            return body


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = {name for name, _ in message.get("headers", ())}
            extra = [(name, value) for name, value in _HEADERS if name not in present]
            message = {**message, "headers": [*message.get("headers", ()), *extra]}
        await send(message)

    return sending
