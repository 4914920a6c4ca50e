"""Who may open the page, and who may not."""

import http.server
import subprocess
import sys
import threading
import urllib.request

import pytest

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

TOKEN = "correct-horse-battery-staple"


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
