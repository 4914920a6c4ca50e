"""The command `emotion-bot`."""

from importlib import import_module
from typing import Final

import typer
from click import Command, Context
from typer.core import TyperGroup

COMMANDS: Final = (
    "up",
    "analyze",
    "record",
    "replay",
    "doctor",
    "privacy",
    "flash",
    "calibrate",
    "mood",
)
"""Each is the module of its name in `emotion_bot.commands`, with a function or an `app` in it."""


class _LazyGroup(TyperGroup):
    """Imports a command when it is asked for: most need large libraries that the others do not."""

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"emotion_bot.commands.{cmd_name}")
        if hasattr(module, "app"):
            return typer.main.get_group(module.app)
        alone = typer.Typer(pretty_exceptions_show_locals=False, add_completion=False)
        alone.command(cmd_name)(getattr(module, cmd_name))
        return typer.main.get_command(alone)


app = typer.Typer(cls=_LazyGroup, no_args_is_help=True, pretty_exceptions_show_locals=False)


@app.callback()
def _describe() -> None:
    """A robot that looks at people, reads their expression and answers with its head."""


def main() -> None:
    """Run the command line."""
    app()
