"""The pages, built with NiceGUI.

What changes ten times a second comes by the stream; what a viewer does comes through here.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from emotion_bot.dashboard.calls import ServiceError
from emotion_bot.dashboard.files import FileLimits
from emotion_bot.dashboard.guard import LOGOUT_PATH
from emotion_bot.dashboard.names import CAMERA, HEAD, MICROPHONE
from emotion_bot.dashboard.robot import Robot
from emotion_bot.up.processes import config_directory
from emotion_core.affect import AFFECT_CONCEPTS, EMOTIONS, LABELS
from emotion_core.behaviour.reactions_file import ReactionsError, load_reactions
from emotion_core.head.limits import HeadLimits

_STATIC = Path(__file__).parent / "static"
_SWITCHES = frozenset({CAMERA, MICROPHONE, HEAD})
_LONGEST_ID = 100
_MEBIBYTE = 2**20

Refresh = Callable[..., Awaitable[None]]


class LivePage(Element, component="static/live_page.js"):
    """What the robot sees, infers and does."""


class FilePage(Element, component="static/file_page.js"):
    """A video file, read and stepped through."""


class PrivacyPage(Element, component="static/privacy_page.js"):
    """What is on, where data goes and what is kept."""


class StatusBar(Element, component="static/status_bar.js"):
    """Whether camera and microphone are on, on every page."""


def add(
    application: FastAPI, robot: Robot, limits: FileLimits, *, needs_token: bool, refresh: Refresh
) -> None:
    """Add the pages to an application.

    Args:
        application: gets the pages.
        robot: does what viewers ask.
        limits: of opened files.
        needs_token: whether viewers can log out.
        refresh: sends the changed state to all viewers.
    """
    settings = _settings(limits)

    @ui.page("/", title="emotion_bot", response_timeout=10.0)
    def live() -> None:
        with _frame("/", needs_token=needs_token):
            page = LivePage()
            page.props["settings"] = settings
            actions = _Actions(robot, refresh)
            page.on("switch", actions.switch)
            page.on("record", actions.record)
            page.on("park", actions.park)
            page.on("follow", actions.follow)
            page.on("name", actions.ask_name)
            page.on("forget", actions.ask_forget)

    @ui.page("/file", title="emotion_bot: video file", response_timeout=10.0)
    def file() -> None:
        with _frame("/file", needs_token=needs_token):
            FilePage().props["settings"] = settings

    @ui.page("/privacy", title="emotion_bot: privacy", response_timeout=10.0)
    def privacy() -> None:
        with _frame("/privacy", needs_token=needs_token):
            PrivacyPage()

    ui.run_with(
        application,
        title="emotion_bot",
        favicon=_STATIC / "icon.svg",
        dark=None,
        language="en-US",
        tailwind=False,
        binding_refresh_interval=None,
        reconnect_timeout=5.0,
        message_history_length=50,
        show_welcome_message=False,
    )


def _frame(path: str, *, needs_token: bool) -> Element:
    """Build what every page has, and return the element for its content."""
    ui.add_head_html(
        '<meta name="color-scheme" content="light dark">'
        f'<link rel="stylesheet" href="/assets/dashboard.css?{_version("dashboard.css")}">'
    )
    ui.link("Skip to content", "#content").classes("skip-link")
    with Element("header").classes("bar"):
        with ui.link(target="/").classes("mark"):
            Element("img").props('src="/assets/icon.svg" alt="" width="28" height="28"')
            ui.label("emotion_bot")
        with Element("nav").props('aria-label="Pages"'):
            for target, text in (("/", "Live"), ("/file", "Video file"), ("/privacy", "Privacy")):
                link = ui.link(text, target)
                if target == path:
                    link.props("aria-current=page")
        StatusBar()
        if needs_token:
            with Element("form").props(f'method="post" action="{LOGOUT_PATH}"'):
                ui.button("Log out").props("type=submit flat no-caps dense")
    return Element("main").props('id="content" tabindex="-1"')


class _Actions:
    """What one viewer asks of the robot."""

    def __init__(self, robot: Robot, refresh: Refresh) -> None:
        self._robot = robot
        self._refresh = refresh

    async def switch(self, event: GenericEventArguments) -> None:
        name, on = event.args.get("name"), event.args.get("on")
        if name not in _SWITCHES or not isinstance(on, bool):
            return
        await self._do(self._robot.switch(name, on))

    async def record(self, event: GenericEventArguments) -> None:
        on = event.args.get("on")
        if not isinstance(on, bool) or (on and not await _consent()):
            return
        await self._do(self._robot.record(on))

    async def park(self, event: GenericEventArguments) -> None:
        await self._do(self._robot.park() if event.args.get("park") is True else self._robot.wake())

    async def follow(self, event: GenericEventArguments) -> None:
        face_id = event.args.get("face_id")
        if isinstance(face_id, str) and len(face_id) <= _LONGEST_ID:
            await self._do(self._robot.follow(face_id))

    async def ask_name(self, event: GenericEventArguments) -> None:
        person = event.args.get("person")
        if not isinstance(person, str):
            return
        with ui.dialog(value=True) as dialog, ui.card().classes("dialog"):
            _heading("Keep under a name")
            ui.label(
                "The averages of this person's expressions are then kept longer, and joined when "
                "the name is given again. No picture and no voice is stored."
            )
            name = ui.input("Name").props("outlined autofocus maxlength=100").classes("wide")
            consent = ui.checkbox("The person agrees to this.")
            with ui.row().classes("choices"):
                ui.button("Cancel", on_click=lambda: dialog.submit(False)).props("flat no-caps")
                _confirm("Keep", dialog)
        if await dialog and isinstance(name.value, str):
            await self._do(
                self._robot.enrol(person, name.value, consent=bool(consent.value)), mood=True
            )
        dialog.delete()

    async def ask_forget(self, event: GenericEventArguments) -> None:
        person = event.args.get("person")
        if not isinstance(person, str):
            return
        with ui.dialog(value=True) as dialog, ui.card().classes("dialog"):
            _heading("Forget this person?")
            ui.label("Everything kept of the person is erased. This cannot be undone.")
            with ui.row().classes("choices"):
                ui.button("Cancel", on_click=lambda: dialog.submit(False)).props("flat no-caps")
                _confirm("Forget", dialog).classes("danger")
        if await dialog:
            await self._do(self._robot.forget(person), mood=True)
        dialog.delete()

    async def _do(self, request: Awaitable[Any], *, mood: bool = False) -> None:
        try:
            told = await request
        except ServiceError as error:
            ui.notify(str(error), type="negative", timeout=8000)
        else:
            if isinstance(told, str) and told:
                ui.notify(told, type="positive")
        await self._refresh(mood=mood)


async def _consent() -> bool:
    """Ask whether everybody in view agrees to be recorded."""
    with ui.dialog(value=True) as dialog, ui.card().classes("dialog"):
        _heading("Record pictures and sound?")
        ui.label("The recording is stored on the robot until somebody deletes it.")
        agreed = ui.checkbox("Everybody in view and in earshot has agreed.")
        with ui.row().classes("choices"):
            ui.button("Cancel", on_click=lambda: dialog.submit(False)).props("flat no-caps")
            _confirm("Record", dialog).bind_enabled_from(agreed, "value")
    given = bool(await dialog) and bool(agreed.value)
    dialog.delete()
    return given


def _confirm(text: str, dialog: ui.dialog) -> ui.button:
    # Quasar's colours do not know how dark the page is.
    button = ui.button(text, color=None, on_click=lambda: dialog.submit(True))
    return button.props("unelevated no-caps").classes("confirm")


def _heading(text: str) -> None:
    ui.label(text).classes("heading").props("role=heading aria-level=2")


def _settings(limits: FileLimits) -> dict[str, Any]:
    """Return what the pages need to know of the robot's vocabulary."""
    head = HeadLimits()
    return {
        "labels": list(LABELS),
        "colours": _colours(),
        "concepts": list(AFFECT_CONCEPTS),
        "coordinates": {emotion.value: list(emotion.coordinates) for emotion in EMOTIONS},
        "limits": {
            name: [round(math.degrees(axis.minimum)), round(math.degrees(axis.maximum))]
            for name, axis in (("pan", head.pan), ("tilt", head.tilt))
        },
        "largest_file": limits.size,
        "largest_file_mb": limits.size // _MEBIBYTE,
        "longest_video_min": round(limits.duration / 60, 1),
        "retention_min": round(limits.retention / 60),
    }


def _colours() -> dict[str, str]:
    """Return each emotion's colour from the robot's reactions."""
    try:
        reactions = load_reactions(config_directory() / "reactions.yaml")
    except (ReactionsError, FileNotFoundError):
        # The behaviour node reports what is wrong with the file; the page goes on without colours.
        return dict.fromkeys(LABELS, "#8a8f98")
    return {emotion.value: reactions.emotions[emotion].colour for emotion in EMOTIONS}


def _version(name: str) -> int:
    """Return a number that changes with a file, so that browsers do not keep an old one."""
    return int((_STATIC / name).stat().st_mtime)
