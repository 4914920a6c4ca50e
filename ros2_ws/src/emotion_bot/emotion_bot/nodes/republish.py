"""Republish node: JPEG images from another machine in, raw images for this one's nodes out."""

from __future__ import annotations

import sys

from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image

from emotion_bot import images, qos, runner, topics
from emotion_bot.diagnostics import Diagnostics, Health, Level
from emotion_bot.replay.compression import decompressed

PARAMETERS = ()


class RepublishNode(Node):
    """Does what image_transport's `republish` does, so that no raw image crosses a network."""

    def __init__(self) -> None:
        super().__init__("republish")
        self._frames = 0
        self._rejected = 0
        self._rejection = ""
        self._publisher = self.create_publisher(Image, topics.IMAGE, qos.IMAGE_PUBLISHER)
        self.create_subscription(
            CompressedImage, topics.COMPRESSED_IMAGE, self._on_image, qos.IMAGE_OVER_NETWORK
        )
        self._diagnostics = Diagnostics(self, topics.COMPRESSED_IMAGE, self._health)

    def _on_image(self, message: CompressedImage) -> None:
        try:
            pixels = decompressed(message)
        except images.ImageEncodingError as error:
            self._rejected += 1
            self._rejection = str(error)
            self.get_logger().error(f"frame rejected: {error}", throttle_duration_sec=5.0)
            return
        self._publisher.publish(images.image_message(pixels, message.header))
        self._frames += 1
        self._rejection = ""

    def _health(self) -> Health:
        values = {"frames": self._frames, "frames_rejected": self._rejected}
        if self._rejection:
            return Level.ERROR, f"frame rejected: {self._rejection}", values
        if self._frames == 0:
            return Level.WARN, f"no frame yet on {topics.COMPRESSED_IMAGE}", values
        return Level.OK, "republishing", values


def main(arguments: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    sys.exit(runner.run(RepublishNode, arguments))


if __name__ == "__main__":
    main()
