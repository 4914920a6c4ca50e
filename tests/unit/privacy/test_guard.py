"""Requests against the gate, with an application behind it that answers everything."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from emotion_bot.dashboard.guard import COOKIE, Gate, Guard
from emotion_core.privacy.throttle import FREE_ATTEMPTS, Sessions, Throttle

pytestmark = pytest.mark.unit

TOKEN = "correct-horse-battery"
BASE = "http://127.0.0.1:8080"
HTML = {"accept": "text/html"}


async def secret(_request):
    return PlainTextResponse("what the robot sees")


async def stream(websocket):
    await websocket.accept()
    await websocket.send_text("what the robot sees")
    await websocket.close()


def client(clock, token=""):
    application = Starlette(
        routes=[
            Route("/{path:path}", secret, methods=["GET", "POST", "DELETE"]),
            WebSocketRoute("/live", stream),
        ]
    )
    gate = Gate((), token, Throttle(clock), Sessions(clock, lifetime=3600.0))
    return TestClient(
        Guard(application, gate), base_url=BASE, follow_redirects=False, client=("10.0.0.1", 5)
    )


@pytest.fixture
def free(clock):
    return client(clock)


@pytest.fixture
def locked(clock):
    return client(clock, TOKEN)


def log_in(browser, token=TOKEN, **headers):
    return browser.post("/login", data={"token": token}, headers={"origin": BASE, **headers})


def test_own_pages_pass_with_headers_that_keep_others_out(free):
    answer = free.get("/")
    assert answer.text == "what the robot sees"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http:" not in policy
    assert "https:" not in policy
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"


def test_a_name_pointed_at_this_computer_is_refused(free):
    answer = free.get("/", headers={"host": "evil.example:8080"})
    assert answer.status_code == 403
    assert "robot sees" not in answer.text


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://127.0.0.1:3000"])
def test_other_sites_cannot_ask_for_changes(free, method, origin):
    headers = {} if origin is None else {"origin": origin}
    assert free.request(method, "/files", headers=headers).status_code == 403
    assert free.request(method, "/files", headers={"origin": BASE}).status_code == 200


def test_other_sites_cannot_embed_pictures(free):
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    assert free.get("/files/key/frames/0", headers=headers).status_code == 403


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://127.0.0.1:3000"])
def test_other_sites_cannot_open_the_stream(free, origin):
    headers = {} if origin is None else {"origin": origin}
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        free.websocket_connect("/live", headers=headers),
    ):
        pass
    assert refused.value.code == 1008


def test_the_own_page_opens_the_stream(free):
    with free.websocket_connect("/live", headers={"origin": BASE, "host": "127.0.0.1:8080"}) as s:
        assert s.receive_text() == "what the robot sees"


def test_a_second_host_header_does_not_help(free):
    headers = [("host", "evil.example"), ("host", "127.0.0.1:8080")]
    assert free.get("/", headers=headers).status_code == 403


def test_without_the_token_nothing_is_shown(locked):
    answer = locked.get("/", headers=HTML)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login"
    assert locked.get("/assets/live_store.js").status_code == 401
    assert locked.get("/_nicegui/anything").status_code == 401
    with (
        pytest.raises(WebSocketDisconnect),
        locked.websocket_connect("/live", headers={"origin": BASE, "host": "127.0.0.1:8080"}),
    ):
        pass
    form = locked.get("/login")
    assert form.status_code == 200
    assert "robot sees" not in form.text


def test_the_token_opens_the_page_until_the_session_expires(locked, clock):
    answer = log_in(locked)
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"].lower()
    assert COOKIE in cookie
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert TOKEN not in cookie
    assert locked.get("/").text == "what the robot sees"
    clock.advance(3601)
    assert locked.get("/").status_code == 401


def test_logging_out_ends_the_session(locked):
    log_in(locked)
    assert locked.post("/logout", headers={"origin": BASE}).status_code == 303
    assert locked.get("/").status_code == 401


def test_programs_may_give_the_token_as_a_header(locked):
    assert locked.get("/", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert locked.get("/", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert locked.get("/", headers={"authorization": f"Basic {TOKEN}"}).status_code == 401


@pytest.mark.parametrize("cookie", ["", "x", "a" * 4000, "\x80", f"{COOKIE}=;{COOKIE}=x"])
def test_made_up_cookies_do_not_help(locked, cookie):
    headers = {"cookie": f"{COOKIE}={cookie}".encode("latin-1")}
    assert locked.get("/", headers=headers).status_code == 401


def test_wrong_tokens_are_slowed_down_also_for_the_right_one(locked, clock):
    for _ in range(FREE_ATTEMPTS):
        assert log_in(locked, "wrong-wrong-wrong-wrong").status_code == 401
    refused = log_in(locked)
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "2"
    # The header must not be a way around the form.
    assert locked.get("/", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 429
    clock.advance(2.1)
    assert log_in(locked).status_code == 303


def test_a_session_goes_on_while_somebody_else_tries_tokens(locked):
    log_in(locked)
    for _ in range(FREE_ATTEMPTS):
        log_in(locked, "wrong-wrong-wrong-wrong")
    assert locked.get("/").status_code == 200


def test_the_form_takes_no_long_texts_and_shows_none_of_them(locked):
    assert log_in(locked, "x" * 5000).status_code == 413
    answer = log_in(locked, "<script>alert(1)</script>")
    assert "<script>" not in answer.text


def test_the_form_itself_is_guarded_against_other_sites(locked):
    assert log_in(locked, origin="http://evil.example").status_code == 403


def test_a_client_cannot_choose_where_the_page_loads_its_parts_from(clock):
    seen = {}

    async def application(scope, receive, send):
        seen.update(dict(scope["headers"]))
        await PlainTextResponse("")(scope, receive, send)

    gate = Gate((), "", Throttle(clock), Sessions(clock))
    browser = TestClient(Guard(application, gate), base_url=BASE)
    browser.get("/", headers={"x-forwarded-prefix": "//evil.example", "x-forwarded-host": "evil"})
    assert b"x-forwarded-prefix" not in seen
    assert b"x-forwarded-host" not in seen
