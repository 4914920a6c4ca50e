"""The live page in a real browser, against a robot that is started as a user starts it.

Screenshots are kept in artifacts/.
"""

from __future__ import annotations

import http.server
import json
import os
import re
import signal
import struct
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import psutil
import pytest
from skimage import data
from websockets.sync.client import connect

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts"
TIMEOUT_MS = 60_000
TOKEN = "correct-horse-battery-staple"

ADDRESS = re.compile(r"live page: (http://\S+)")
SCRIPT_NAME = "<img src=x onerror=window.hacked=1>"


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM.exists():
        pytest.skip("needs Debian's package chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """A page that must load nothing from elsewhere and raise no error."""
    context = browser.new_context(viewport={"width": 1360, "height": 900}, color_scheme="light")
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    outside: list[str] = []
    errors: list[str] = []
    local = ("http://127.0.0.1:", "http://localhost:", "data:", "blob:")
    context.on("request", lambda r: None if r.url.startswith(local) else outside.append(r.url))
    page.on("websocket", lambda w: None if "//127.0.0.1:" in w.url else outside.append(w.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert outside == []
    assert errors == []


@pytest.fixture
def robot(start) -> Callable[..., tuple]:
    """Start `emotion-bot up`; return the program and the address of its page."""

    def launch(*arguments: object):
        program = start("up", *arguments)
        program.wait_for(lambda lines: any(ADDRESS.search(line) for line in lines), "the address")
        return program, ADDRESS.search(program.output)[1]

    return launch


@pytest.fixture
def lone_page(environment) -> Iterator[Callable[..., str]]:
    """Start the live page without a robot and return its address."""
    processes = []

    def launch(**parameters: object) -> str:
        address, process = alone(environment, **parameters)
        processes.append(process)
        return address

    yield launch
    for process in processes:
        end(process)


def alone(environment, **parameters):
    command = [sys.executable, "-m", "emotion_bot.nodes.dashboard", "--ros-args"]
    for name, value in {"port": 0, **parameters}.items():
        command += ["-p", f"{name}:={value}"]
    environment = {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST", **environment}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    for line in process.stdout:
        if found := ADDRESS.search(line):
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return found[1], process
    raise AssertionError(f"no page, exit status {process.wait()}")


def end(process):
    process.send_signal(signal.SIGINT)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def portrait_video(path, seconds, size=256, fps=10):
    picture = cv2.cvtColor(cv2.resize(data.astronaut(), (size, size)), cv2.COLOR_RGB2BGR)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, (size, size))
    for _ in range(seconds * fps):
        writer.write(picture)
    writer.release()
    return path


def screenshot(page, name):
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=str(ARTIFACTS / f"{name}.png"), full_page=True)


def device(page, name, state):
    return page.locator(f"[data-device={name}][data-state={state}]")


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


def test_switching_the_camera_off_closes_it_and_it_stays_closed(robot, page, lifecycle, tmp_path):
    video = portrait_video(tmp_path / "portrait.mp4", 240)
    program, address = robot("--source", f"video:{video}")
    page.goto(address)
    device(page, "camera", "on").wait_for()
    page.locator("[data-face]").wait_for()
    assert holds(program.nodes()["camera"], video)
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


def test_a_video_file_is_read_and_stepped_through(lone_page, page, tmp_path):
    video = portrait_video(tmp_path / "portrait.mp4", 4, size=480)
    page.goto(f"{lone_page()}file")
    page.locator("input[type=file]").set_input_files(video)
    page.get_by_role("button", name="Cancel").wait_for()
    page.locator("progress").wait_for()
    page.locator(".player").wait_for()
    frame = page.locator("[data-part=frame]")
    expect(frame).to_have_text("1")
    for keys, number in (
        (("ArrowRight", "ArrowRight"), "3"),
        (("ArrowLeft",), "2"),
        (("Shift+ArrowRight",), "12"),
        (("End",), "40"),
        (("Shift+ArrowLeft",), "30"),
        (("Home",), "1"),
    ):
        for key in keys:
            page.keyboard.press(key)
        expect(frame).to_have_text(number)
    expect(page.locator("[data-part=label]")).to_have_attribute("data-label", "happy")
    page.keyboard.press("Space")
    expect(frame).to_have_text("40")
    screenshot(page, "video-file")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the table").click()
    rows = Path(download.value.path()).read_text().splitlines()
    assert download.value.suggested_filename == "portrait timeline.csv"
    assert rows[0].startswith("t,face_id,x,y,w,h,label,confidence,p_neutral")
    assert len(rows) == 41
    page.get_by_role("button", name="Close and delete").click()
    page.locator(".drop").wait_for()


def test_files_that_cannot_be_read_get_a_reason(lone_page, page, tmp_path):
    page.goto(f"{lone_page()}file")
    choose = page.locator("input[type=file]")
    error = page.locator("[data-part=error]")

    broken = tmp_path / "broken.mp4"
    broken.write_bytes(portrait_video(tmp_path / "whole.mp4", 2).read_bytes()[:4000])
    choose.set_input_files(broken)
    expect(error).to_contain_text("broken.mp4")
    expect(error).to_contain_text("damaged or truncated")

    text = tmp_path / "<script>alert(1)<script>.mp4"
    text.write_text("no video")
    choose.set_input_files(text)
    expect(error).to_contain_text("<script>alert(1)<script>.mp4” is not a video")

    huge = tmp_path / "huge.mp4"
    with huge.open("wb") as file:
        file.truncate(600 * 2**20)
    choose.set_input_files(huge)
    expect(error).to_contain_text("larger than 500 MB")
    screenshot(page, "video-file-error")


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """Another site that tries what it can on the robot's page."""

    PAGE = """<!doctype html><title>elsewhere</title><body><script>
    const target = "%s";
    const result = {};
    const done = (name, value) => { result[name] = value; };
    const socket = new WebSocket(target.replace("http", "ws") + "live");
    socket.onopen = () => done("socket", "open");
    socket.onerror = () => done("socket", "refused");
    const picture = new Image();
    picture.onload = () => done("picture", "loaded");
    picture.onerror = () => done("picture", "refused");
    picture.src = target + "assets/icon.svg";
    fetch(target + "files", {method: "POST", mode: "no-cors", body: "x"}).then(
        () => done("upload", "sent"), () => done("upload", "refused"));
    const frame = document.createElement("iframe");
    frame.src = target;
    document.body.append(frame);
    window.result = result;
    </script></body>"""

    def do_GET(self):
        body = (self.PAGE % self.server.target).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_other_sites_get_nothing(lone_page, browser):
    address = lone_page()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    server.target = address
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = browser.new_context()
    try:
        page = context.new_page()
        statuses = []
        page.on("response", lambda r: r.url.startswith(address) and statuses.append(r.status))
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        page.wait_for_function("Object.keys(result).length >= 3")
        result = page.evaluate("result")
        assert result["socket"] == "refused"
        assert result["picture"] == "refused"
        assert set(statuses) == {403}
        framed = [frame for frame in page.frames if frame.url.startswith(address)]
        assert all("Live" not in frame.content() for frame in framed)
    finally:
        context.close()
        server.shutdown()


def test_other_computers_need_a_token(environment, lone_page, page):
    command = [sys.executable, "-m", "emotion_bot.nodes.dashboard"]
    command += ["--ros-args", "-p", "host:=0.0.0.0"]
    for token, reason in (("", "set a token"), ("short", "at least 16")):
        environment["EMOTION_BOT_DASHBOARD_TOKEN"] = token
        refused = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert refused.returncode == 78
        assert reason in refused.stderr
    environment["EMOTION_BOT_DASHBOARD_TOKEN"] = TOKEN
    port = int(lone_page(host="0.0.0.0").rstrip("/").rpartition(":")[2])
    address = f"http://127.0.0.1:{port}/"
    page.goto(address)
    page.get_by_label("Token").fill("wrong-wrong-wrong-wrong")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("alert")).to_contain_text("not the token")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Open").click()
    page.locator(".live").wait_for()
    page.get_by_role("button", name="Log out").click()
    page.get_by_label("Token").wait_for()
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 200


def test_nothing_is_left_when_the_page_is_killed(lone_page, page, environment, tmp_path):
    environment["TMPDIR"] = str(tmp_path)
    video = portrait_video(tmp_path / "long.mp4", 60)
    page.goto(f"{lone_page()}file")
    page.locator("input[type=file]").set_input_files(video)
    page.get_by_text("times real time").wait_for()
    mine = [
        p
        for p in psutil.Process().children(recursive=True)
        if "analysis_worker" in str(p.cmdline())
    ]
    assert len(mine) == 1
    parent = mine[0].parent()
    parent.send_signal(signal.SIGKILL)
    psutil.wait_procs([parent, *mine], timeout=30)
    assert not any(process.is_running() and process.status() != "zombie" for process in mine)
    left = list(tmp_path.glob(f"emotion-bot-files-{os.getuid()}-*"))
    assert len(left) == 1
    lone_page()
    for _ in range(100):
        if not left[0].exists():
            break
        threading.Event().wait(0.1)
    assert not left[0].exists()
