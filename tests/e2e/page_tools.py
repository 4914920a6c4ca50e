"""What the tests of the live page share."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import cv2
from skimage import data

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
ADDRESS = re.compile(r"live page: (http://\S+)")


def alone(environment, **parameters):
    """Start the live page without a robot; return its address and its process."""
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
    """Stop a process, asking first."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def portrait_video(path, seconds, size=256, fps=10):
    """Write a video of a smiling face; return its path."""
    picture = cv2.cvtColor(cv2.resize(data.astronaut(), (size, size)), cv2.COLOR_RGB2BGR)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, (size, size))
    for _ in range(seconds * fps):
        writer.write(picture)
    writer.release()
    return path


def screenshot(page, name):
    """Keep a picture of the page in artifacts/."""
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=str(ARTIFACTS / f"{name}.png"), full_page=True)


def device(page, name, state):
    """Find a device in a state."""
    return page.locator(f"[data-device={name}][data-state={state}]")
