"""The privacy state against nodes that really switch, come and go."""

import pytest
from emotion_bot_msgs.msg import Privacy, PrivacyPart
from sensor_msgs.msg import CompressedImage, Image

from emotion_bot import qos, topics
from emotion_bot.nodes.camera import CameraNode
from emotion_bot.nodes.privacy import PrivacyNode
from emotion_bot.nodes.republish import RepublishNode

pytestmark = pytest.mark.ros


def part(messages, name):
    return {found.name: found for found in messages[-1].parts}[name] if messages else None


def says(inbox, name, state):
    inbox.wait_for(lambda messages: messages and part(messages, name).state == state)
    return part(inbox.messages, name)


@pytest.fixture
def inbox(bench):
    bench.add(PrivacyNode())
    return bench.listen(Privacy, "privacy", qos.STATUS)


@pytest.fixture
def camera(bench, inbox):
    camera = bench.add(CameraNode())
    camera.autostart()
    bench.listen(Image, topics.IMAGE, qos.IMAGE_SUBSCRIBER)
    return camera


def test_the_first_word_is_unknown_and_absence_is_said_only_after_a_search(inbox):
    first = inbox.wait_for_count(1)[0]
    states = {found.name: found.state for found in first.parts}
    assert states["camera"] == states["microphone"] == PrivacyPart.UNKNOWN
    assert says(inbox, "camera", PrivacyPart.ABSENT).goes_to == []


def test_a_camera_is_on_until_its_lifecycle_says_off(inbox, camera):
    says(inbox, "camera", PrivacyPart.ON)
    camera.trigger_deactivate()
    assert "closed" in says(inbox, "camera", PrivacyPart.OFF).detail
    camera.trigger_activate()
    says(inbox, "camera", PrivacyPart.ON)


def test_who_receives_pictures_is_named_and_may_store_them(bench, inbox, camera):
    # The test's own node is a stranger to the robot.
    found = says(inbox, "recording", PrivacyPart.UNKNOWN)
    inbox.wait_for(lambda m: "test_bench" in part(m, "camera").goes_to)
    inbox.wait_for(lambda m: "test_bench" in part(m, "recording").goes_to)
    assert found.name == "recording"


@pytest.mark.parametrize("bench", [{"image_transport": "compressed"}], indirect=True)
def test_pictures_that_cross_a_network_are_the_cameras_and_their_readers_are_named(bench, inbox):
    camera = bench.add(CameraNode())
    camera.autostart()
    bench.add(RepublishNode())
    bench.listen(CompressedImage, topics.COMPRESSED_IMAGE, qos.IMAGE_SUBSCRIBER)
    inbox.wait_for(lambda m: part(m, "camera") and "test_bench" in part(m, "camera").goes_to)
    found = says(inbox, "camera", PrivacyPart.ON)
    assert "republish" not in found.goes_to
    assert "cannot be switched" not in found.detail
    assert "test_bench" in says(inbox, "recording", PrivacyPart.UNKNOWN).goes_to
    camera.trigger_deactivate()
    says(inbox, "camera", PrivacyPart.OFF)


def test_pictures_of_another_driver_are_on_and_cannot_be_switched(bench, inbox):
    bench.node.create_publisher(Image, topics.IMAGE, qos.IMAGE_PUBLISHER)
    found = says(inbox, "camera", PrivacyPart.ON)
    assert "test_bench" in found.detail
    assert "cannot be switched" in found.detail
