"""What the robot is connected to: a network camera, and a board with two servos."""

from __future__ import annotations

import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2

from emotion_core.head.firmware_build import build_firmware
from emotion_core.head.simulated import ServoReading, pulse_to_angle
from emotion_core.vision.scene_modes import parse_mode
from emotion_core.vision.sources import SceneSource

_FPS = 15.0
_SCENE_SECONDS = 4.0
_BOUNDARY = "frame"


class NetworkCamera:
    """Serves the built-in scene as motion JPEG on the loopback interface; can be switched off."""

    def __init__(self) -> None:
        self._pictures = _pictures()
        self._port = 0
        self._server: ThreadingHTTPServer | None = None
        self._off = threading.Event()
        self.switch_on()

    @property
    def url(self) -> str:
        """Where the stream is."""
        return f"http://127.0.0.1:{self._port}/scene.mjpg"

    def switch_on(self) -> None:
        """Listen at the same port as before."""
        self._off.clear()
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), self._handler())
        self._server.daemon_threads = True
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, name="camera", daemon=True).start()

    def switch_off(self) -> None:
        """Break the connections off and listen no more."""
        self._off.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        pictures, off = self._pictures, self._off

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", f"multipart/x-mixed-replace;boundary={_BOUNDARY}")
                self.end_headers()
                number = 0
                begun = time.monotonic()
                try:
                    while not off.wait(max(0.0, begun + number / _FPS - time.monotonic())):
                        picture = pictures[number % len(pictures)]
                        head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\n"
                        head += f"Content-Length: {len(picture)}\r\n\r\n"
                        self.wfile.write(head.encode() + picture + b"\r\n")
                        number += 1
                except OSError:
                    return

            def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
                """Say nothing."""

        return Handler


def _pictures() -> list[bytes]:
    source = SceneSource(
        parse_mode("sine:8", width=640, height=480), lambda _time: (0.0, 0.0), _FPS
    )
    source.open()
    pictures = []
    for number in range(round(_SCENE_SECONDS * _FPS)):
        frame = source.read(lambda number=number: number / _FPS)
        assert frame is not None
        _, jpeg = cv2.imencode(".jpg", frame.image, [cv2.IMWRITE_JPEG_QUALITY, 85])
        pictures.append(jpeg.tobytes())
    source.close()
    # To and fro, so that the end is followed by the beginning without a jump.
    return pictures + pictures[-2:0:-1]


class Board:
    """The firmware on the simulated AVR behind a pseudo-terminal, as a program beside the robot.

    Its positions are what the servo pulses show, not what the firmware says of itself.
    """

    def __init__(self, folder: Path) -> None:
        build = build_firmware(simulator=True)
        self.port = folder / "port"
        self.readings: list[ServoReading] = []
        self._process = subprocess.Popen(
            [
                *(str(build.simulator), "--elf", str(build.elf), "--link", str(self.port)),
                *("--boot-ms", "100", "--reset-on-open"),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._reader = threading.Thread(target=self._read, name="board", daemon=True)
        self._reader.start()

    def order(self, text: str) -> None:
        """Give an order such as ``unplug``; ``firmware/sim/pty.c`` lists them."""
        assert self._process.stdin is not None
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()

    def close(self) -> None:
        """End the simulation."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._reader.join(10)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            kind, *values = line.split()
            if kind == "pulse":
                pan, tilt = (pulse_to_angle(float(value)) for value in values[1:])
                self.readings.append(ServoReading(int(values[0]) * 1e-9, pan, tilt, pulsing=True))
