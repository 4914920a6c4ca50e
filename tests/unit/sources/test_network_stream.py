"""A real MJPEG stream over HTTP on the local host."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import cv2
import pytest
from source_doubles import number_of, numbered_frame

from emotion_core.vision.sources import (
    NetworkStream,
    StreamLostError,
    StreamUnavailableError,
)

pytestmark = pytest.mark.unit

PICTURES = 12


class MjpegHandler(http.server.BaseHTTPRequestHandler):
    """Sends a few pictures as fast as they are read and then breaks off."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        for number in range(PICTURES):
            jpeg = cv2.imencode(".jpg", numbered_frame(number, 96, 64))[1].tobytes()
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            self.wfile.write(head.encode() + jpeg + b"\r\n")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[http.server.ThreadingHTTPServer]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), MjpegHandler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_pictures_arrive_until_the_stream_breaks_off(
    server: http.server.ThreadingHTTPServer, capfd: pytest.CaptureFixture[str]
) -> None:
    stream = NetworkStream(f"http://user:secret@127.0.0.1:{server.server_port}/video.mjpg")
    stream.open()
    assert (stream.width, stream.height) == (96, 64)
    for number in range(1, PICTURES):  # the first one was looked at when opening
        frame = stream.read(lambda: 7.0)
        assert frame is not None
        assert frame.time == 7.0
        assert number_of(frame.image) == number
    with pytest.raises(StreamLostError, match="broke off") as caught:
        stream.read(lambda: 7.0)
    assert "secret" not in str(caught.value)
    assert caught.value.retryable
    stream.close()
    with pytest.raises(StreamLostError, match="is not open"):
        stream.read(lambda: 7.0)
    assert capfd.readouterr().err == ""


def test_nobody_answers() -> None:
    closed = http.server.HTTPServer(("127.0.0.1", 0), MjpegHandler)
    port = closed.server_port
    closed.server_close()
    with pytest.raises(StreamUnavailableError, match="no answer, or no video") as caught:
        NetworkStream(f"http://127.0.0.1:{port}/video").open()
    assert caught.value.retryable
