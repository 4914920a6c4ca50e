"""The command `emotion-bot`."""

import typer

from emotion_bot.commands.up import up

app = typer.Typer(
    name="emotion-bot",
    help="A robot that looks at people, reads their expression and answers with its head.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.command()(up)


def main() -> None:
    """Run the command line."""
    app()
