"""The web server in a thread beside ROS."""

from __future__ import annotations

import ipaddress
import logging
import os
import socket
import threading
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from emotion_core.privacy.access import AccessError, check_token, is_loopback, read_token

TOKEN_VARIABLE = "EMOTION_BOT_DASHBOARD_TOKEN"  # noqa: S105
"""Environment variable with the token; a ROS parameter could be read by every node."""

_PORTS_TRIED = 10
_LARGEST_MESSAGE = 2**20
_STOP_SECONDS = 5.0


@dataclass(frozen=True)
class ServerSettings:
    """Where the page is offered and to whom.

    Attributes:
        host: address to bind to.
        port: first one to try; 0 for any.
        token_file: file with the token; empty for none.
        certificate_file: TLS certificate chain; empty for none.
        key_file: its private key.
        host_names: names of this computer by which it may be asked, beside its addresses.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    token_file: str = ""
    certificate_file: str = ""
    key_file: str = ""
    host_names: tuple[str, ...] = ()

    @property
    def secure(self) -> bool:
        """Whether the server speaks TLS."""
        return bool(self.certificate_file)

    def token(self) -> str:
        """Return the token that viewers must give; empty when none is set and none is needed.

        Raises:
            AccessError: if other computers could open the page without one, or it is no good.
        """
        if self.token_file:
            return read_token(Path(self.token_file).expanduser())
        if given := os.environ.get(TOKEN_VARIABLE, ""):
            try:
                return check_token(given)
            except AccessError as error:
                raise AccessError(f"{TOKEN_VARIABLE}: {error}") from error
        if is_loopback(self.host):
            return ""
        raise AccessError(
            f"host {self.host} lets other computers open the live page; set a token: "
            f"{TOKEN_VARIABLE} or the parameter token_file. Or use host 127.0.0.1"
        )

    def names(self) -> tuple[str, ...]:
        """Return the host names under which the page may be asked for."""
        if is_loopback(self.host):
            return self.host_names
        own = socket.gethostname()
        return (*self.host_names, self.host, own, f"{own}.local")


def bind(settings: ServerSettings) -> socket.socket:
    """Return a listening socket; where a port is taken, one of the next few is used.

    Raises:
        AccessError: if the address is none of this computer's, or no port is free.
    """
    ports = [0] if settings.port == 0 else range(settings.port, settings.port + _PORTS_TRIED)
    problem: OSError | None = None
    for port in ports:
        try:
            family, _, _, _, address = socket.getaddrinfo(
                settings.host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            listener = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:
            raise AccessError(f"host {settings.host}: {error}") from error
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(128)
        except OSError as error:
            listener.close()
            problem = error
        else:
            listener.set_inheritable(False)
            return listener
    raise AccessError(f"the live page cannot be offered on {settings.host}: {problem}")


def address_of(listener: socket.socket, *, secure: bool) -> str:
    """Return the address to open in a browser."""
    host, port = listener.getsockname()[:2]
    if ipaddress.ip_address(host.partition("%")[0]).is_unspecified:
        host = socket.gethostname()
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if secure else 'http'}://{shown}:{port}/"


class WebServer:
    """Serves an ASGI application in a thread.

    Args:
        listener: bound and listening.
        settings: for TLS.
        application: what it serves.
    """

    def __init__(
        self, listener: socket.socket, settings: ServerSettings, application: ASGIApp
    ) -> None:
        self._listener = listener
        config = uvicorn.Config(
            application,
            loop="asyncio",
            lifespan="on",
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            ws_max_size=_LARGEST_MESSAGE,
            # Pictures do not get smaller, and compressing them costs more than all the rest.
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=1,
            ssl_certfile=settings.certificate_file or None,
            ssl_keyfile=settings.key_file or None,
        )
        self._server = uvicorn.Server(config)
        self._stopping = threading.Event()
        self.failure = ""
        self._thread = threading.Thread(target=self._run, name="web server", daemon=True)

    def start(self) -> None:
        """Start serving."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving; safe to call twice."""
        self._stopping.set()
        self._server.should_exit = True
        self._thread.join(_STOP_SECONDS)
        self._listener.close()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._listener])
            if not self._stopping.is_set():
                self.failure = "the web server has ended by itself"
        except BaseException as error:
            self.failure = f"{type(error).__name__}: {error}"
            logging.getLogger(__name__).exception("the web server has ended")
