"""Say node: text in, speech out through espeak-ng. Off unless switched on."""

from __future__ import annotations

import sys
import time

from rclpy.node import Node
from std_msgs.msg import Bool, String
from std_srvs.srv import Trigger

from emotion_bot import qos, runner, topics
from emotion_bot.diagnostics import Diagnostics, Health, Level
from emotion_bot.parameters import Parameter, declare
from emotion_bot.subscriptions import subscribe
from emotion_bot.timers import create_timer
from emotion_core.behaviour.speaker import Speaker, espeak_command

PARAMETERS = (
    Parameter("enabled", False, "Speak aloud; otherwise every text is ignored."),
    Parameter("program", "espeak-ng", "Name or path of espeak-ng."),
    Parameter("voice", "en", "Voice of espeak-ng, such as en or de+f2."),
    Parameter("words_per_minute", 160, "Speed of the speech.", 80, 450),
    Parameter("queue_length", 3, "Texts that may wait; of more, the oldest are dropped.", 1, 20),
)

_POLLS_PER_SECOND = 20.0


class SayNode(Node):
    """Speaks one text after the other and says when it does."""

    def __init__(self) -> None:
        super().__init__("say")
        values = declare(self, PARAMETERS)
        self._enabled: bool = values["enabled"]
        self._obstacle = ""
        self._speaker: Speaker | None = None
        self._was_speaking = False
        if self._enabled:
            self._speaker = self._make_speaker(values)
        self._active = self.create_publisher(Bool, topics.SAY_ACTIVE, qos.STATUS)
        self._active.publish(Bool(data=False))
        subscribe(self, String, topics.SAY, self._on_text, qos.STREAM)
        self.create_service(Trigger, topics.SAY_STOP_SERVICE, self._on_stop)
        create_timer(self, 1.0 / _POLLS_PER_SECOND, self._poll)
        self._diagnostics = Diagnostics(self, values["program"], self._health)

    def close(self) -> None:
        """Fall silent."""
        if self._speaker is not None:
            self._speaker.close()

    def _make_speaker(self, values: dict[str, object]) -> Speaker | None:
        try:
            command = espeak_command(values["program"], values["voice"], values["words_per_minute"])
        except FileNotFoundError as error:
            self._obstacle = f"cannot speak: {error}"
            self.get_logger().warning(self._obstacle)
            return None
        except ValueError as error:
            raise runner.ConfigurationError(f"say.voice: {error}") from error
        return Speaker(command, time.monotonic, values["queue_length"])

    def _on_text(self, message: String) -> None:
        if self._speaker is not None:
            self._speaker.say(message.data)
            self._announce(self._speaker.is_speaking)

    def _on_stop(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = True
        if self._speaker is not None:
            self._speaker.interrupt()
        return response

    def _poll(self) -> None:
        if self._speaker is not None:
            self._speaker.poll()
            self._announce(self._speaker.is_speaking)

    def _announce(self, speaking: bool) -> None:
        if speaking != self._was_speaking:
            self._was_speaking = speaking
            self._active.publish(Bool(data=speaking))

    def _health(self) -> Health:
        if not self._enabled:
            return Level.OK, "off", {"enabled": False}
        if self._speaker is None:
            return Level.WARN, self._obstacle, {"enabled": True}
        values = {
            "enabled": True,
            "spoken": self._speaker.spoken,
            "dropped": self._speaker.dropped,
        }
        if self._speaker.failure:
            return Level.WARN, self._speaker.failure, values
        return Level.OK, "speaking" if self._speaker.is_speaking else "silent", values


def main(arguments: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    sys.exit(runner.run(SayNode, arguments))


if __name__ == "__main__":
    main()
