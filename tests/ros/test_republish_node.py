import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from emotion_bot import images, qos, stamps, topics
from emotion_bot.nodes.camera import CameraNode
from emotion_bot.nodes.republish import RepublishNode
from emotion_bot.replay.compression import compressed, decompressed

pytestmark = pytest.mark.ros


@pytest.mark.parametrize(
    "bench", [{"image_transport": "compressed", "source": "scene:still"}], indirect=True
)
def test_compressed_frames_of_the_camera_become_raw_ones_of_the_same_time(bench):
    sent = bench.listen(CompressedImage, topics.COMPRESSED_IMAGE, qos.IMAGE_OVER_NETWORK)
    raw = bench.listen(Image, topics.IMAGE, qos.STREAM)
    bench.add(RepublishNode())
    camera = bench.add(CameraNode())
    camera.autostart()
    message = raw.wait_for_count(5)[0]
    time = stamps.nanoseconds_from_stamp(message.header.stamp)
    origin = sent.wait_for(
        lambda seen: next(
            (m for m in seen if stamps.nanoseconds_from_stamp(m.header.stamp) == time), None
        )
    )
    assert message.header.frame_id == origin.header.frame_id
    assert (message.width, message.height) == (640, 480)
    np.testing.assert_array_equal(images.array_from_image(message), decompressed(origin))
    # A tenth of the raw image at most.
    assert len(origin.data) * 10 < len(message.data)


def test_what_is_no_picture_is_reported_and_the_next_one_comes(bench):
    raw = bench.listen(Image, topics.IMAGE, qos.STREAM)
    diagnostics = bench.listen(DiagnosticArray, topics.DIAGNOSTICS)
    bench.add(RepublishNode())
    publisher = bench.publisher(CompressedImage, topics.COMPRESSED_IMAGE, qos.IMAGE_PUBLISHER)
    publisher.publish(CompressedImage(format="jpeg", data=b"no picture"))
    diagnostics.wait_for(
        lambda seen: any(
            s.level == DiagnosticStatus.ERROR and "rejected" in s.message
            for m in seen
            for s in m.status
        )
    )
    assert not raw.messages
    good = images.image_message(np.full((48, 64, 3), 90, np.uint8), Header())
    publisher.publish(compressed(good, 90))
    raw.wait_for_count(1)
