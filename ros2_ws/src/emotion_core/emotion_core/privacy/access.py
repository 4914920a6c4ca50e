"""Who may open the live page: addresses, hosts, origins and tokens.

Nothing here reads a socket; the web server asks these functions about each request.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

MINIMUM_TOKEN_LENGTH: Final = 16

_LOOPBACK_NAMES: Final = frozenset({"localhost"})
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITE: Final = frozenset({"same-origin", "none"})


class AccessError(ValueError):
    """The page cannot be offered as configured; the message says what to change."""


def is_loopback(address: str) -> bool:
    """Whether a server bound to this address is reachable from this computer alone."""
    if address in _LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def check_token(token: str) -> str:
    """Return the token.

    Raises:
        AccessError: if it is too short or has spaces or control characters.
    """
    if len(token) < MINIMUM_TOKEN_LENGTH:
        raise AccessError(
            f"the token has {len(token)} characters, at least {MINIMUM_TOKEN_LENGTH} are needed"
        )
    if not token.isprintable() or any(character.isspace() for character in token):
        raise AccessError("the token must not contain spaces or control characters")
    return token


def read_token(path: Path) -> str:
    """Return the token in a file that its owner alone may read.

    Raises:
        AccessError: if the file cannot be read, is open to others or holds no proper token.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AccessError(f"token file {path} cannot be read: {error}") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise AccessError(f"token file {path} may be read by others; run: chmod 600 {path}")
    try:
        return check_token(text.strip())
    except AccessError as error:
        raise AccessError(f"token file {path}: {error}") from error


def same_secret(given: str, expected: str) -> bool:
    """Compare in a time that depends on neither content nor length of the expected secret."""
    given_hash = hashlib.sha256(given.encode("utf-8", "surrogatepass")).digest()
    expected_hash = hashlib.sha256(expected.encode("utf-8", "surrogatepass")).digest()
    return hmac.compare_digest(given_hash, expected_hash)


def host_name(host: str) -> str:
    """Return the name or address of a Host header without port and brackets, in lower case."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, _, port = host.rpartition(":")
    return name if name and port.isdecimal() else host


def host_allowed(host: str, names: Iterable[str]) -> bool:
    """Whether a Host header may belong to this server.

    A page on the web can point its own name at this computer (DNS rebinding) and would then pass
    for the same site. It cannot have an address or one of our names as its name.

    Args:
        host: value of the header.
        names: of this server, besides addresses and localhost.
    """
    name = host_name(host).rstrip(".")
    if name in _LOOPBACK_NAMES or name in {own.lower().rstrip(".") for own in names}:
        return True
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


def same_origin(origin: str, host: str) -> bool:
    """Whether an Origin header names the host that was asked."""
    scheme, separator, netloc = origin.strip().lower().partition("://")
    return bool(separator) and scheme in ("http", "https") and netloc == host.strip().lower()


def request_refusal(
    method: str, headers: Mapping[str, str], names: Iterable[str], *, websocket: bool = False
) -> str:
    """Return why a request must be refused; empty when it may pass.

    Args:
        method: of the request, such as GET.
        headers: by lower-case name.
        names: of this server, see :func:`host_allowed`.
        websocket: whether it asks for a WebSocket, which any site may do unless it is refused.
    """
    host = headers.get("host", "")
    if not host or not host_allowed(host, names):
        return "this server does not go by that name"
    origin = headers.get("origin")
    if origin is not None and not same_origin(origin, host):
        return "the request comes from another site"
    if origin is None and (websocket or method not in _SAFE_METHODS):
        return "the request does not say which site it comes from"
    site = headers.get("sec-fetch-site", "none")
    if site not in _OWN_SITE and not _is_navigation(method, headers):
        return "another site asks for a part of this one"
    return ""


def _is_navigation(method: str, headers: Mapping[str, str]) -> bool:
    """Whether somebody follows a link to this site, which other sites may have."""
    return (
        method in _SAFE_METHODS
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest", "document") == "document"
    )
