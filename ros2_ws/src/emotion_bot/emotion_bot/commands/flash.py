"""`emotion-bot flash`: write the firmware to the head's board."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer
from rich.console import Console

from emotion_bot.commands.failure import failure
from emotion_core.head.flash import BoardModel, FlashError, flash_board


class BoardName(Enum):
    """Boards by the name a user types."""

    uno = "uno"
    nano = "nano"
    nano_old_bootloader = "nano_old_bootloader"


def flash(
    port: Annotated[
        str | None, typer.Option(help="Serial port; without it the only likely board is taken.")
    ] = None,
    board: Annotated[
        BoardName | None, typer.Option(help="The board; without it its USB id must tell.")
    ] = None,
) -> None:
    """Build the firmware, write it to an Arduino and check that it answers."""
    console = Console(stderr=True)
    model = None if board is None else BoardModel[board.value.upper()]
    try:
        version = flash_board(
            port, model, typer.confirm, lambda text: console.print(text, highlight=False)
        )
    except FlashError as error:
        raise failure(error) from error
    console.print(f"the head answers: firmware {version}", highlight=False)
