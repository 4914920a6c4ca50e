"""The command `emotion-bot`."""

import typer

from emotion_bot.commands.analyze import analyze
from emotion_bot.commands.calibrate import calibrate
from emotion_bot.commands.doctor import doctor
from emotion_bot.commands.flash import flash
from emotion_bot.commands.mood import app as mood
from emotion_bot.commands.privacy import privacy
from emotion_bot.commands.record import record
from emotion_bot.commands.replay import replay
from emotion_bot.commands.up import up

app = typer.Typer(
    name="emotion-bot",
    help="A robot that looks at people, reads their expression and answers with its head.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
for command in (up, analyze, record, replay, doctor, privacy, flash, calibrate):
    app.command()(command)
app.add_typer(mood)


def main() -> None:
    """Run the command line."""
    app()
