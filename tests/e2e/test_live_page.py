"""The live page in a real browser, against a robot that is started as a user starts it."""

import json
import re
import struct
import subprocess
import threading
from pathlib import Path

import pytest
from page_tools import device, screenshot
from websockets.sync.client import connect

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SCRIPT_NAME = "<img src=x onerror=window.hacked=1>"


def test_the_label_follows_the_clip(robot, page, clip):
    _, address = robot("--source", f"video:{clip}")
    page.goto(address)
    device(page, "camera", "on").wait_for()
    # Switched on again, a recording begins anew: now the page sees all of it.
    page.get_by_role("button", name="Turn off: camera").click()
    device(page, "camera", "off").wait_for()
    page.evaluate(
        """() => {
            window.seen = [];
            setInterval(() => {
                const label = document.querySelector("[data-part=label]").dataset.label;
                if (label && label !== window.seen.at(-1)) window.seen.push(label);
            }, 50);
        }"""
    )
    page.get_by_role("button", name="Turn on: camera").click()
    page.locator("[data-face]").wait_for()
    page.wait_for_function("seen.includes('sad')")
    page.wait_for_function("seen.lastIndexOf('happy') > seen.indexOf('sad')")
    expect(page.locator("[data-part=affect]")).to_have_text(re.compile("excitement|pleasure"))
    screenshot(page, "live-page-light")
    page.emulate_media(color_scheme="dark")
    expect(page.locator("body")).to_have_css("background-color", "rgb(18, 20, 25)")
    screenshot(page, "live-page-dark")
    page.set_viewport_size({"width": 390, "height": 844})
    width = page.evaluate("document.documentElement.scrollWidth")
    screenshot(page, "live-page-phone")
    assert width <= 390


def test_people_can_steer_the_robot_and_ten_may_watch(robot, page, command, environment):
    program, address = robot("--source", "scene:still")
    page.goto(address)
    page.locator("[data-face]").wait_for()

    # By keyboard alone.
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    park = page.get_by_role("button", name="Park the head")
    park.focus()
    page.keyboard.press("Enter")
    page.locator("[data-device=head][data-parked=true]").wait_for()
    expect(page.get_by_role("img", name="Pan")).to_have_attribute(
        "aria-label", re.compile(r"Pan [+−]0°")
    )
    page.get_by_role("button", name="Wake the head").click()
    page.locator("[data-device=head][data-parked=false]").wait_for()

    face = page.locator("[data-face]").first.get_attribute("data-face")
    page.get_by_label("Looks at").select_option(face)
    expect(page.locator("[data-device=head] .state")).to_contain_text("gaze tracking")
    expect(page.get_by_label("Looks at")).to_have_value(face)

    # Every control says what it is.
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, select, input, [role=img]")]
            .filter(e => !e.ariaLabel && !e.textContent.trim() && !e.labels?.length)
            .map(e => e.outerHTML)"""
    )
    assert nameless == []

    # A name is text, whatever is in it.
    page.get_by_role("button", name="Keep under a name").click()
    page.get_by_label("Name").fill(SCRIPT_NAME)
    keep = page.get_by_role("button", name="Keep", exact=True)
    keep.click()
    expect(page.locator(".q-notification")).to_contain_text("agreed")
    page.get_by_role("button", name="Keep under a name").click()
    page.get_by_label("Name").fill(SCRIPT_NAME)
    page.get_by_role("checkbox", name="The person agrees").click()
    keep.click()
    expect(page.locator("[data-part=person]")).to_have_text(SCRIPT_NAME)
    assert page.evaluate("window.hacked") is None
    page.get_by_role("button", name="Forget").click()
    page.get_by_role("button", name="Forget", exact=True).last.click()
    expect(page.locator(".mood")).to_contain_text("Nothing is kept")

    page.get_by_role("link", name="Privacy").click()
    for part, state in (("camera", "on"), ("recording", "off"), ("network", "off")):
        page.locator(f"[data-part={part}][data-state={state}]").wait_for()
    screenshot(page, "privacy-page")
    answer = subprocess.run(
        [command, "privacy", "--json"],
        env=environment, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    said = {part["name"]: part["state"] for part in json.loads(answer.stdout)["parts"]}
    assert said["camera"] == "on"
    assert said["recording"] == "off"

    # Ten watch, and the robot goes on.
    watchers = [threading.Thread(target=watch, args=(address, 30)) for _ in range(10)]
    seen = len(program.lines)
    for watcher in watchers:
        watcher.start()
    program.wait_for(
        lambda lines: len([line for line in lines[seen:] if "frames/s  1 faces" in line]) >= 2,
        "frames while ten watch",
    )
    for watcher in watchers:
        watcher.join(60)
        assert not watcher.is_alive()
    assert "ended by" not in program.output


def watch(address, pictures):
    """Receive so many pictures as a page does."""
    origin = address.rstrip("/")
    stream = f"{address.replace('http', 'ws')}live"
    with connect(stream, origin=origin, max_size=None, compression=None) as socket:
        while pictures:
            message = socket.recv(timeout=60)
            (length,) = struct.unpack_from(">I", message)
            pictures -= len(message) > length + 4


def test_recording_needs_consent_and_is_shown(robot, page, environment):
    _, address = robot("--source", "scene:still")
    page.goto(address)
    device(page, "recording", "off").wait_for()
    page.get_by_role("button", name="Record", exact=True).click()
    record = page.locator(".dialog").get_by_role("button", name="Record")
    expect(record).to_be_disabled()
    page.get_by_role("checkbox", name="has agreed").click()
    record.click()
    device(page, "recording", "on").wait_for()
    expect(page.locator("[data-chip=recording]")).to_have_text("Recording")
    page.get_by_role("button", name="Stop recording").click()
    device(page, "recording", "off").wait_for()
    bags = list(Path(environment["XDG_DATA_HOME"], "emotion_bot", "bags").iterdir())
    assert len(bags) == 1
    assert list(bags[0].glob("*.mcap"))
