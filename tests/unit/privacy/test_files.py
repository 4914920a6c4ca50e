"""Opening files over HTTP: what may be sent, what comes back, and what is left."""

import asyncio
import threading
import time

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from emotion_bot.dashboard.files import FileLimits, Files, router
from emotion_bot.dashboard.names import UPLOAD
from emotion_core.privacy.retention import TemporaryFolders

pytestmark = pytest.mark.unit

SIZE = 2_000_000
MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(5000)


@pytest.fixture
def held(tmp_path, clock):
    return TemporaryFolders("test", 600.0, clock, tmp_path)


@pytest.fixture
def files(held):
    return Files(FileLimits(SIZE, 60.0, 600.0), held)


@pytest.fixture
def browser(files):
    application = FastAPI()
    application.include_router(router(files))
    with TestClient(application) as client:
        yield client
        client.portal.call(files.close)


def send(browser, content, name="clip.mp4"):
    return browser.post("/files", content=content, headers={"x-file-name": name})


def everything(folder):
    return [path for path in folder.rglob("*") if path.name != "lock" and path.is_file()]


def wait_for_end(browser, key):
    deadline = time.monotonic() + 60
    while (status := browser.get(f"/files/{key}").json())["state"] not in ("done", "failed"):
        assert time.monotonic() < deadline, status
        threading.Event().wait(0.05)
    return status


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "empty.mp4"),
        (b"#!/bin/sh\nrm -rf /\n", "script.mp4"),
        (b"#EXTM3U\nfile:///etc/passwd\n" * 400, "playlist.mp4"),
        (b"\x89PNG\r\n\x1a\n" + bytes(10_000), "picture.mp4"),
    ],
)
def test_what_is_no_video_is_refused_by_name_and_not_kept(browser, tmp_path, content, name):
    answer = send(browser, content, name)
    assert answer.status_code == 415
    assert name in answer.json()["detail"]
    assert everything(tmp_path) == []


def test_a_file_that_says_it_is_too_large_is_not_read(browser, tmp_path):
    answer = browser.post("/files", content=MP4, headers={"content-length": str(SIZE + 1)})
    assert answer.status_code == 413
    assert "1 MB" in answer.json()["detail"]
    assert everything(tmp_path) == []


def test_a_file_that_does_not_say_so_is_stopped_at_the_limit(browser, tmp_path):
    sent = 0

    def endless():
        nonlocal sent
        yield MP4
        while True:
            sent += 100_000
            yield bytes(100_000)

    def limited():
        for chunk in endless():
            if sent > 20 * SIZE:
                return
            yield chunk

    answer = send(browser, limited())
    assert answer.status_code == 413
    assert "emotion-bot analyze" in answer.json()["detail"]
    assert everything(tmp_path) == []


@pytest.mark.parametrize(
    "name",
    ["../../../../etc/cron.d/evil", "..%2f..%2fevil", "%2e%2e%2fevil", "/etc/passwd", "\\\\x"],
)
def test_names_never_become_paths(browser, held, tmp_path, name):
    key = send(browser, MP4, name).json()["id"]
    names = {path.name for path in everything(tmp_path)}
    assert names <= {UPLOAD}
    shown = browser.get(f"/files/{key}").json()["name"]
    assert "/" not in shown
    assert "\\" not in shown


@pytest.mark.parametrize(
    "path",
    [
        "/files/..",
        "/files/%2e%2e/timeline",
        "/files/..%2f..%2fetc%2fpasswd/table",
        "/files/x/timeline",
        "/files/x/table",
        "/files/x/frames/0",
        "/files/x/frames/-1",
        "/files/x/frames/..%2f..%2fpasswd",
    ],
)
def test_made_up_keys_lead_nowhere(browser, path):
    send(browser, MP4)
    assert browser.get(path).status_code in (404, 405, 422)


def test_a_damaged_video_gives_a_reason_and_is_deleted(browser, tmp_path):
    key = send(browser, MP4, "broken.mp4").json()["id"]
    status = wait_for_end(browser, key)
    assert status["state"] == "failed"
    assert "broken.mp4" in status["error"]
    assert "damaged or truncated" in status["error"]
    assert str(tmp_path) not in status["error"]
    assert not [path for path in everything(tmp_path) if path.name == UPLOAD]
    assert browser.get(f"/files/{key}/timeline").status_code == 409


def test_closing_a_file_stops_reading_and_deletes_it(browser, files, tmp_path):
    key = send(browser, MP4).json()["id"]
    assert browser.delete(f"/files/{key}").status_code == 204
    assert browser.get(f"/files/{key}").status_code == 404
    assert everything(tmp_path) == []
    assert files.held == 0
    assert browser.delete(f"/files/{key}").status_code == 204


def test_results_go_when_nobody_asks_for_them(browser, clock, tmp_path):
    key = send(browser, MP4).json()["id"]
    wait_for_end(browser, key)
    clock.advance(599)
    assert browser.get(f"/files/{key}").status_code == 200
    clock.advance(601)
    answer = browser.get(f"/files/{key}")
    assert answer.status_code == 404
    assert "deleted" in answer.json()["detail"]
    assert everything(tmp_path) == []


def test_only_a_few_files_are_open_at_a_time(browser):
    answers = [send(browser, MP4) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 201, 429]


def test_a_broken_off_upload_leaves_nothing(files, tmp_path):
    from starlette.requests import Request

    async def receive():
        if not everything(tmp_path):
            return {"type": "http.request", "body": MP4, "more_body": True}
        return {"type": "http.disconnect"}

    request = Request({"type": "http", "method": "POST", "headers": [], "path": "/files"}, receive)
    with pytest.raises(Exception, match="broken off"):
        asyncio.run(files.upload(request))
    assert everything(tmp_path) == []
    assert files.held == 0
