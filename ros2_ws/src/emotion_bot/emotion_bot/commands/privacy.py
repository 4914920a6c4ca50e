"""`emotion-bot privacy`: what is on, where data goes and what is kept."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict, dataclass
from typing import Annotated

import rclpy
import typer
from emotion_bot_msgs.msg import Privacy
from emotion_bot_msgs.msg import PrivacyPart as PrivacyPartMessage
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from emotion_bot import qos, topics
from emotion_bot.stamps import seconds_from_stamp
from emotion_bot.up.processes import use_default_environment
from emotion_core.memory.database import default_database_path
from emotion_core.privacy.parts import PartState, PrivacyPart

_LONGEST_AGE_SECONDS = 5.0
_SENSES = ("camera", "microphone", "recording")
_STYLES = {
    PartState.UNKNOWN: "bold yellow",
    PartState.ON: "green",
    PartState.OFF: "",
    PartState.ABSENT: "dim",
}
_WORDS = {PartState.ABSENT: "not there"}


@dataclass(frozen=True)
class Statement:
    """What the robot says of itself.

    Attributes:
        answered: whether it says anything.
        parts: of it; unknown ones when it does not.
    """

    answered: bool
    parts: tuple[PrivacyPart, ...]


def privacy(
    as_json: Annotated[bool, typer.Option("--json", help="Print the parts as JSON.")] = False,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds to wait for the robot's answer.")
    ] = 5.0,
    namespace: Annotated[str, typer.Option(help="Prefix of the robot's topics.")] = "",
) -> None:
    """Say what is on, where data goes and what is kept; exit 1 when the robot does not say."""
    statement = _ask(timeout, namespace)
    if as_json:
        parts = [{**asdict(part), "state": part.state.name.lower()} for part in statement.parts]
        typer.echo(json.dumps({"answered": statement.answered, "parts": parts}, indent=2))
    else:
        _print(statement)
    if not statement.answered:
        raise typer.Exit(1)


def statement_from(message: Privacy | None, now: float, waited: float) -> Statement:
    """Return what a message says; without a recent one, that everything is unknown.

    Args:
        message: newest one; None when none came.
        now: ROS time, s.
        waited: s.
    """
    if message is None:
        return _silence(f"nobody answered within {waited:.0f} s")
    age = now - seconds_from_stamp(message.header.stamp)
    if not abs(age) <= _LONGEST_AGE_SECONDS:
        return _silence(f"the newest answer is {age:.0f} s old")
    return Statement(True, tuple(_part(part) for part in message.parts))


def _part(part: PrivacyPartMessage) -> PrivacyPart:
    try:
        state = PartState(part.state)
    except ValueError:
        state = PartState.UNKNOWN
    return PrivacyPart(part.name, state, part.detail, tuple(part.goes_to), part.kept)


def _silence(reason: str) -> Statement:
    unknown = [PrivacyPart(name, PartState.UNKNOWN, reason) for name in _SENSES]
    database = default_database_path()
    try:
        kept = f"{database.stat().st_size} bytes in {database}; see emotion-bot mood show"
    except FileNotFoundError:
        kept = f"nothing in {database}"
    except OSError as error:
        kept = f"{database} cannot be looked at: {error.strerror}"
    return Statement(
        False, (*unknown, PrivacyPart("mood_memory", PartState.UNKNOWN, reason, kept=kept))
    )


def _print(statement: Statement) -> None:
    table = Table("part", "state", "why", "goes to", "kept")
    for part in statement.parts:
        style = _STYLES[part.state]
        word = _WORDS.get(part.state, part.state.name.lower())
        table.add_row(
            part.name.replace("_", " "),
            f"[{style}]{word}[/]" if style else word,
            escape(part.detail),
            escape(_receivers(part)),
            escape(part.kept) or "not known",
        )
    console = Console()
    console.print(table)
    if not statement.answered:
        console.print("No robot answers here, or it does not say. Unknown does not mean off.")


def _receivers(part: PrivacyPart) -> str:
    if part.goes_to:
        return ", ".join(part.goes_to)
    return "not known" if part.state is PartState.UNKNOWN else "nobody"


def _ask(timeout: float, namespace: str) -> Statement:
    use_default_environment()
    rclpy.init(args=None, signal_handler_options=SignalHandlerOptions.NO)
    node = Node("privacy_question", namespace=namespace or None, enable_rosout=False)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    answered = threading.Event()
    newest: list[Privacy] = []

    def take(message: Privacy) -> None:
        newest[:] = [message]
        answered.set()

    node.create_subscription(Privacy, topics.PRIVACY, take, qos.STATUS)
    begun = time.monotonic()
    try:
        while not answered.is_set() and time.monotonic() - begun < timeout:
            executor.spin_once(timeout_sec=0.1)
        now = node.get_clock().now().nanoseconds * 1e-9
    finally:
        executor.shutdown()
        node.destroy_node()
        rclpy.try_shutdown()
    return statement_from(newest[0] if newest else None, now, timeout)
