"""Privacy node: says what is on, where data goes and what is kept, when no live page does."""

from __future__ import annotations

import sys

from rclpy.node import Node

from emotion_bot import runner
from emotion_bot.dashboard.privacy_monitor import PrivacyMonitor
from emotion_bot.diagnostics import Diagnostics, Health, Level
from emotion_core.privacy.parts import PartState, PrivacyPart

_NO_LIVE_PAGE = PrivacyPart("live_page", PartState.ABSENT, "no live page runs", kept="nothing")


class PrivacyNode(Node):
    """Publishes the privacy state of a robot that runs without its live page."""

    def __init__(self) -> None:
        super().__init__("privacy")
        self._monitor = PrivacyMonitor(self, lambda: (_NO_LIVE_PAGE,))
        self._diagnostics = Diagnostics(self, "", self._health)

    def _health(self) -> Health:
        unknown = [part.name for part in self._monitor.parts if part.state is PartState.UNKNOWN]
        values = {part.name: part.state.name.lower() for part in self._monitor.parts}
        if unknown:
            return Level.WARN, f"unknown: {', '.join(unknown)}", values
        return Level.OK, "all parts known", values


def main(arguments: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    sys.exit(runner.run(PrivacyNode, arguments))


if __name__ == "__main__":
    main()
