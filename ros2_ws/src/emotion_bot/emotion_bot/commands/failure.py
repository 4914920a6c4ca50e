"""How a command ends when it cannot do what was asked."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.text import Text


def failure(error: Exception) -> typer.Exit:
    """Print an error on one line of stderr and return the exit to raise."""
    line = Text.assemble(("error: ", "red"), str(error))
    Console(stderr=True).print(line, soft_wrap=True)
    return typer.Exit(1)
