"""Muting: what the page, the lifecycle and the open files say must be the same."""

import signal
import time
import wave

import pytest
from page_tools import device, portrait_video, screenshot

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

OPENING_SECONDS = 5.0


@pytest.fixture
def lifecycle(environment, monkeypatch):
    """Ask a node for its lifecycle state, as any ROS program can."""
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    import rclpy
    from lifecycle_msgs.srv import GetState
    from rclpy.executors import SingleThreadedExecutor

    context = rclpy.Context()
    rclpy.init(context=context, domain_id=int(environment["ROS_DOMAIN_ID"]))
    node = rclpy.create_node("onlooker", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)

    def ask(name):
        client = node.create_client(GetState, f"{name}/get_state")
        for _ in range(20):
            # A request may go to a node that has just died.
            client.wait_for_service(2)
            future = client.call_async(GetState.Request())
            executor.spin_until_future_complete(future, 2)
            if future.done():
                node.destroy_client(client)
                return future.result().current_state.label
        raise AssertionError(f"{name} does not answer")

    yield ask
    executor.shutdown()
    node.destroy_node()
    rclpy.shutdown(context=context)


def holds(process, path):
    return str(path) in {file.path for file in process.open_files()}


def comes_to_hold(process, path):
    """Wait: a device is opened by a thread of the node, which may be active a moment before."""
    end = time.monotonic() + OPENING_SECONDS
    while not holds(process, path) and time.monotonic() < end:
        time.sleep(0.05)
    return holds(process, path)


def test_switching_the_camera_off_closes_it_and_it_stays_closed(robot, page, lifecycle, tmp_path):
    video = portrait_video(tmp_path / "portrait.mp4", 240)
    program, address = robot("--source", f"video:{video}")
    page.goto(address)
    device(page, "camera", "on").wait_for()
    page.locator("[data-face]").wait_for()
    assert comes_to_hold(program.nodes()["camera"], video)
    assert lifecycle("camera") == "active"

    page.get_by_role("button", name="Turn off: camera").click()
    device(page, "camera", "off").wait_for()
    assert not holds(program.nodes()["camera"], video)
    assert lifecycle("camera") == "inactive"
    expect(page.locator("[data-chip=camera]")).to_have_text("Camera off")
    expect(page.locator("[data-part=curtain]")).to_contain_text("Camera is off")
    # The last picture does not stay behind the curtain.
    pixels = page.evaluate(
        """() => { const c = document.querySelector(".stage canvas");
            return c.getContext("2d").getImageData(0, 0, c.width, c.height).data.some(v => v) }"""
    )
    assert not pixels
    screenshot(page, "camera-off")

    # A crash restarts the node, which opens its device; what was switched off is so again.
    program.nodes()["camera"].send_signal(signal.SIGKILL)
    program.wait_for(
        lambda lines: any("camera was active again" in line for line in lines), "the second switch"
    )
    device(page, "camera", "off").wait_for()
    assert lifecycle("camera") == "inactive"
    assert not holds(program.nodes()["camera"], video)

    page.get_by_role("button", name="Turn on: camera").click()
    device(page, "camera", "on").wait_for()
    page.locator("[data-face]").wait_for()
    assert lifecycle("camera") == "active"


def test_switching_the_microphone_off_closes_it(robot, page, lifecycle, tmp_path):
    sound = tmp_path / "silence.wav"
    with wave.open(str(sound), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 16_000 * 240))
    program, address = robot("--source", "scene:still", "--mic", f"wav:{sound}", "--asr", "none")
    page.goto(address)
    device(page, "microphone", "on").wait_for()
    assert comes_to_hold(program.nodes()["microphone"], sound)

    page.get_by_role("button", name="Turn off: microphone").click()
    device(page, "microphone", "off").wait_for()
    assert not holds(program.nodes()["microphone"], sound)
    assert lifecycle("microphone") == "inactive"
    expect(page.locator("[data-chip=microphone]")).to_have_text("Microphone off")

    page.get_by_role("button", name="Turn on: microphone").click()
    device(page, "microphone", "on").wait_for()
    assert comes_to_hold(program.nodes()["microphone"], sound)
    assert lifecycle("microphone") == "active"
