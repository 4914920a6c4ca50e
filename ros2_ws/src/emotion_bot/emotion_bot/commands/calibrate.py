"""`emotion-bot calibrate`: centre the servos and set their limits, stored on the board."""

from __future__ import annotations

from typing import Annotated, Final

import typer
from rich.console import Console

from emotion_bot.commands.failure import failure
from emotion_core.head import calibration
from emotion_core.head.link_report import LinkError
from emotion_core.head.serial_head import SerialHead

_CONNECTION_SECONDS: Final = 10.0

_KEYS: Final = {
    "\r": calibration.ACCEPT,
    "\n": calibration.ACCEPT,
    "+": calibration.MORE,
    "\x1b[C": calibration.MORE,
    "-": calibration.LESS,
    "\x1b[D": calibration.LESS,
    "\x1b[A": calibration.MUCH_MORE,
    "\x1b[B": calibration.MUCH_LESS,
    "r": calibration.REVERSE,
    "q": calibration.QUIT,
    "\x1b": calibration.QUIT,
}
"""What a terminal sends for a key; the arrows are right, left, up and down."""


def calibrate(
    port: Annotated[
        str | None, typer.Option(help="Serial port; without it the board is looked for.")
    ] = None,
) -> None:
    """Walk through centre, direction, scale and limits of both servos.

    Keys: right and left arrow a little, up and down arrow much, enter accepts, r reverses, q quits.
    """
    console = Console(stderr=True)
    head = SerialHead(port, limits=calibration.wide_limits())
    head.open()
    try:
        _connect(head)
        result = calibration.calibrate(
            head,
            lambda: _KEYS.get(typer.getchar(), ""),
            lambda text: console.print(text, highlight=False),
        )
    except LinkError as error:
        raise failure(error) from error
    finally:
        head.close()
    if result is None:
        console.print("nothing was changed")
        raise typer.Exit(1)
    for group, settings in result.items():
        console.print(f"{group.name.lower()}: {settings}", highlight=False)
    console.print("stored on the board")


def _connect(head: SerialHead) -> None:
    if not head.wait_until_connected(_CONNECTION_SECONDS):
        raise LinkError(head.state().message or "no head answers")
