"""Dashboard node: the live page, and the privacy state that it shows."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from pathlib import Path

import platformdirs
from rclpy.node import Node

from emotion_bot import runner
from emotion_bot.dashboard.application import Application
from emotion_bot.dashboard.files import FileLimits
from emotion_bot.dashboard.pictures import PictureMaker
from emotion_bot.dashboard.privacy_monitor import PrivacyMonitor
from emotion_bot.dashboard.recording import RecordingProcess
from emotion_bot.dashboard.robot import Robot
from emotion_bot.dashboard.server import ServerSettings, WebServer, address_of, bind
from emotion_bot.diagnostics import Diagnostics, Health, Level
from emotion_bot.parameters import Parameter, declare
from emotion_bot.timers import create_timer
from emotion_core.privacy.access import AccessError, is_loopback
from emotion_core.privacy.parts import PartState, PrivacyPart

PARAMETERS = (
    Parameter(
        "host",
        "127.0.0.1",
        "Address to offer the page on; one that other computers reach needs a token.",
    ),
    Parameter("port", 8080, "First port to try, of ten; 0 for any free one.", 0, 65535),
    Parameter("token_file", "", "File with the token, readable by its owner alone."),
    Parameter("certificate_file", "", "TLS certificate chain, PEM; empty for plain HTTP."),
    Parameter("key_file", "", "Private key of the certificate, PEM."),
    Parameter("host_names", "", "Names of this computer beside its addresses, by commas."),
    Parameter("rate", 10.0, "Pictures and states per second while somebody watches.", 1.0, 30.0),
    Parameter("picture_width", 480, "Width of the pictures, pixels.", 160, 1920),
    Parameter("picture_quality", 70, "JPEG quality of the pictures.", 10, 95),
    Parameter("largest_file_mb", 500, "Largest video to be opened, MB.", 1, 100_000),
    Parameter("longest_video", 900.0, "Longest video to be opened, s.", 1.0, 36_000.0),
    Parameter(
        "file_retention", 600.0, "Results are deleted after so long without use, s.", 10.0, 86_400.0
    ),
    Parameter(
        "recordings_folder", "", "Where recordings started on the page go; empty for user's data."
    ),
)

_CHECK_SECONDS = 1.0
_MEBIBYTE = 2**20


class DashboardNode(Node):
    """Offers the live page from a thread; ROS runs in the executor's."""

    def __init__(self) -> None:
        super().__init__("dashboard")
        values = declare(self, PARAMETERS)
        self._settings = ServerSettings(
            values["host"],
            values["port"],
            values["token_file"],
            values["certificate_file"],
            values["key_file"],
            tuple(name.strip() for name in values["host_names"].split(",") if name.strip()),
        )
        try:
            token = self._settings.token()
            listener = bind(self._settings)
        except AccessError as error:
            raise runner.ConfigurationError(str(error)) from error
        self.address = address_of(listener, secure=self._settings.secure)
        self._limits = FileLimits(
            values["largest_file_mb"] * _MEBIBYTE, values["longest_video"], values["file_retention"]
        )
        self._monitor = PrivacyMonitor(self, self._own_parts)
        pictures = PictureMaker(values["picture_width"], values["picture_quality"], time.monotonic)
        self._pictures = pictures
        folder = values["recordings_folder"] or platformdirs.user_data_path("emotion_bot") / "bags"
        recording = RecordingProcess(Path(folder).expanduser(), self.get_namespace())
        self._robot = Robot(self, self._monitor, pictures, recording)
        self._application = Application(
            self._robot,
            self._monitor,
            self._pictures,
            names=self._settings.names(),
            token=token,
            secure=self._settings.secure,
            rate=values["rate"],
            limits=self._limits,
        )
        self._server = WebServer(listener, self._settings, self._application.asgi)
        self._server.start()
        create_timer(self, _CHECK_SECONDS, self._check)
        self._diagnostics = Diagnostics(self, self.address, self._health)
        self.get_logger().info(f"live page: {self.address}")

    def close(self) -> None:
        """Stop serving."""
        self._server.stop()

    def _check(self) -> None:
        if self._server.failure:
            raise RuntimeError(f"dashboard: {self._server.failure}")

    def _own_parts(self) -> Iterable[PrivacyPart]:
        viewers, held = self._application.viewers, self._application.files_held
        reach = (
            "this computer alone" if is_loopback(self._settings.host) else "whoever knows its token"
        )
        yield PrivacyPart(
            "live_page",
            PartState.ON,
            f"{self.address} for {reach}; {viewers} connected",
            ("browsers",),
            "no pictures and no sound of the robot",
        )
        yield PrivacyPart(
            "opened_files",
            PartState.ON if held else PartState.OFF,
            f"{held} opened on the live page" if held else "none opened on the live page",
            kept=f"until closed, at most {self._limits.retention / 60:.0f} min after the last use",
        )

    def _health(self) -> Health:
        application = self._application
        values = {
            "address": self.address,
            "viewers": application.viewers,
            "watching": application.watching,
            "files": application.files_held,
        }
        if self._pictures.rejection:
            return Level.WARN, f"frame rejected: {self._pictures.rejection}", values
        return Level.OK, f"{self.address}, {application.viewers} viewers", values


def main(arguments: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    sys.exit(runner.run(DashboardNode, arguments))


if __name__ == "__main__":
    main()
