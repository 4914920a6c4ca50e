"""The web application: guarded routes, the stream to the viewers, files, and NiceGUI's pages."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, WebSocket
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from emotion_bot.dashboard import pages
from emotion_bot.dashboard.calls import ServiceError
from emotion_bot.dashboard.files import FileLimits, Files, router
from emotion_bot.dashboard.guard import Gate, Guard
from emotion_bot.dashboard.hub import Hub
from emotion_bot.dashboard.pictures import PictureMaker
from emotion_bot.dashboard.privacy_monitor import PrivacyMonitor
from emotion_bot.dashboard.robot import Robot
from emotion_core.privacy.parts import PrivacyPart, conclude
from emotion_core.privacy.retention import TemporaryFolders
from emotion_core.privacy.throttle import Sessions, Throttle

STATIC = Path(__file__).parent / "static"

_MOOD_SECONDS = 20.0
_EXPIRY_SECONDS = 10.0
_HEALTH_SECONDS = 3.0
"""A node that has not reported for longer is shown as silent."""


class Application:
    """Everything that runs in the web server's event loop.

    Args:
        robot: what the page shows and asks.
        monitor: the privacy state.
        pictures: the newest picture.
        names: host names of this server.
        token: that viewers must give; empty for none.
        secure: whether the server speaks TLS.
        rate: states per second.
        limits: of opened files.
    """

    def __init__(
        self,
        robot: Robot,
        monitor: PrivacyMonitor,
        pictures: PictureMaker,
        *,
        names: tuple[str, ...],
        token: str,
        secure: bool,
        rate: float,
        limits: FileLimits,
    ) -> None:
        self._robot = robot
        self._monitor = monitor
        self._pictures = pictures
        self._mood: dict[str, Any] | None = None
        self._files = Files(
            limits, TemporaryFolders("emotion-bot-files", limits.retention, time.monotonic)
        )
        self._hub = Hub(robot.watch, robot.poll, self._fast, self._slow, self._greeting, rate)
        application = FastAPI(
            lifespan=self._lifespan, docs_url=None, redoc_url=None, openapi_url=None
        )
        application.include_router(router(self._files))
        application.mount("/assets", StaticFiles(directory=STATIC), name="assets")

        @application.websocket("/live")
        async def live(websocket: WebSocket) -> None:
            await self._hub.serve(websocket)

        pages.add(application, robot, limits, needs_token=bool(token), refresh=self.refresh)
        gate = Gate(names, token, Throttle(time.monotonic), Sessions(time.monotonic), secure)
        self.asgi: ASGIApp = Guard(application, gate)

    @property
    def viewers(self) -> int:
        """How many pages are connected."""
        return self._hub.viewers

    @property
    def watching(self) -> int:
        """How many of them are looked at."""
        return self._hub.watching

    @property
    def files_held(self) -> int:
        """How many opened files are held."""
        return self._files.held

    async def refresh(self, *, mood: bool = False) -> None:
        """Send the state to the viewers now; with `mood`, ask for that first."""
        if mood:
            await self._ask_mood()
        self._hub.refresh()

    @asynccontextmanager
    async def _lifespan(self, _application: FastAPI) -> AsyncIterator[None]:
        tasks = [
            asyncio.create_task(self._hub.run()),
            asyncio.create_task(self._keep_mood()),
            asyncio.create_task(self._expire()),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._robot.recording.stop()
            await self._files.close()

    async def _keep_mood(self) -> None:
        while True:
            if self._hub.watching:
                await self._ask_mood()
            await asyncio.sleep(_MOOD_SECONDS if self._mood is not None else 3.0)

    async def _ask_mood(self) -> None:
        with contextlib.suppress(ServiceError):
            self._mood = await self._robot.mood()

    async def _expire(self) -> None:
        while True:
            await asyncio.sleep(_EXPIRY_SECONDS)
            self._files.expire()

    def _fast(self) -> tuple[dict[str, Any], bytes]:
        picture = self._pictures.make() if self._hub.watching else None
        values = self._robot.live.snapshot(time.monotonic(), picture)
        return values, picture.jpeg if picture else b""

    def _slow(self) -> dict[str, Any]:
        now = time.monotonic()
        live = self._robot.live
        return {
            "devices": self._devices(now),
            "privacy": [_part(part) for part in self._monitor.parts],
            "health": [
                {
                    "node": name,
                    "level": health.level,
                    "message": health.message,
                    "age": round(now - health.time, 1),
                    "silent": now - health.time > _HEALTH_SECONDS,
                }
                for name, health in sorted(self._monitor.health.items())
            ],
            "latency": live.latency_table(now),
            "frame_rate": live.frame_rate(now),
            "words": live.words(now),
            "chosen": self._robot.chosen,
            "has_behaviour": self._robot.has_behaviour,
            "has_mood": self._robot.has_mood,
            "mood": self._mood,
            "viewers": self._hub.viewers,
            "recording_here": self._robot.recording.is_running,
        }

    def _greeting(self) -> dict[str, Any]:
        return {"trails": self._robot.live.history(time.monotonic())}

    def _devices(self, now: float) -> dict[str, dict[str, Any]]:
        shown = {part.name: part for part in self._monitor.parts}
        devices = {}
        for name, device in self._monitor.devices.items():
            part = shown.get(name)
            if part is None:
                state, detail = conclude(device.evidence(self._monitor.since), now)
                part = PrivacyPart(name, state, detail)
            devices[name] = {
                "state": part.state.name.lower(),
                "detail": part.detail,
                "goes_to": list(part.goes_to),
                "lifecycle": device.label if device.is_present else None,
                "switchable": device.is_present,
            }
        return devices


def _part(part: PrivacyPart) -> dict[str, Any]:
    return {
        "name": part.name,
        "state": part.state.name.lower(),
        "detail": part.detail,
        "goes_to": list(part.goes_to),
        "kept": part.kept,
    }
