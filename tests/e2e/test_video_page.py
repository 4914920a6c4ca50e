"""The page on which video files are read."""

import os
import signal
import threading
from pathlib import Path

import psutil
import pytest
from page_tools import portrait_video, screenshot

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


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
