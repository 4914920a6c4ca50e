import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion_core.privacy.access import (
    AccessError,
    check_token,
    host_allowed,
    is_loopback,
    read_token,
    request_refusal,
    same_origin,
    same_secret,
)

pytestmark = pytest.mark.unit

OWN = {"host": "127.0.0.1:8080"}
ORIGIN = {"origin": "http://127.0.0.1:8080"}


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.3.2.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("robot.local", False),
        ("localhost.example.com", False),
        ("", False),
    ],
)
def test_loopback(address, loopback):
    assert is_loopback(address) is loopback


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1:8080", True),
        ("localhost:9000", True),
        ("LOCALHOST", True),
        ("[::1]:8080", True),
        ("192.168.1.5", True),
        ("robot.local:8080", True),
        ("Robot.local.:8080", True),
        # A name that somebody else points at this computer.
        ("evil.example:8080", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example:8080", False),
        ("127.0.0.1@evil.example", False),
        ("2130706433", False),
        ("127.0.0.1, evil.example", False),
        ("", False),
    ],
)
def test_hosts(host, allowed):
    assert host_allowed(host, ["robot.local"]) is allowed


@pytest.mark.parametrize(
    ("origin", "same"),
    [
        ("http://127.0.0.1:8080", True),
        ("https://127.0.0.1:8080", True),
        ("http://127.0.0.1:3000", False),
        ("http://127.0.0.1", False),
        ("http://evil.example", False),
        ("null", False),
        ("file://127.0.0.1:8080", False),
        ("127.0.0.1:8080", False),
        ("", False),
    ],
)
def test_origins(origin, same):
    assert same_origin(origin, "127.0.0.1:8080") is same


@pytest.mark.parametrize(
    ("method", "headers", "websocket", "passes"),
    [
        ("GET", OWN, False, True),
        ("GET", {}, False, False),
        ("GET", {"host": "evil.example:8080"}, False, False),
        ("POST", OWN, False, False),
        ("POST", {**OWN, **ORIGIN}, False, True),
        ("DELETE", {**OWN, "origin": "http://evil.example"}, False, False),
        ("POST", {**OWN, "origin": "null"}, False, False),
        ("GET", OWN, True, False),
        ("GET", {**OWN, **ORIGIN}, True, True),
        ("GET", {**OWN, "origin": "http://127.0.0.1:3000"}, True, False),
        # A picture embedded by another site, or by another program's page on this computer.
        ("GET", {**OWN, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, False, False),
        ("GET", {**OWN, "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"}, False, False),
        # A link that somebody follows.
        (
            "GET",
            {
                **OWN,
                "sec-fetch-site": "cross-site",
                "sec-fetch-mode": "navigate",
                "sec-fetch-dest": "document",
            },
            False,
            True,
        ),
        # A frame of another site around the page.
        (
            "GET",
            {
                **OWN,
                "sec-fetch-site": "cross-site",
                "sec-fetch-mode": "navigate",
                "sec-fetch-dest": "iframe",
            },
            False,
            False,
        ),
        ("GET", {**OWN, "sec-fetch-site": "same-origin"}, False, True),
        ("GET", {**OWN, "sec-fetch-site": "none"}, False, True),
    ],
)
def test_requests(method, headers, websocket, passes):
    assert (request_refusal(method, headers, [], websocket=websocket) == "") is passes


@given(st.text(), st.text())
def test_equal_secrets_only(given_secret, expected):
    assert same_secret(given_secret, expected) is (given_secret == expected)
    assert same_secret(expected, expected)


@pytest.mark.parametrize("token", ["", "short", "x" * 15, "a" * 10 + " " + "b" * 10, "é\n" * 10])
def test_bad_tokens_are_refused_without_repeating_them(token):
    with pytest.raises(AccessError) as error:
        check_token(token)
    assert not token or token not in str(error.value)


def test_a_token_file_must_belong_to_its_owner_alone(tmp_path):
    path = tmp_path / "token"
    path.write_text("0123456789abcdef\n")
    path.chmod(0o644)
    with pytest.raises(AccessError, match="chmod 600"):
        read_token(path)
    path.chmod(0o600)
    assert read_token(path) == "0123456789abcdef"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(AccessError, match="cannot be read"):
        read_token(path)
    with pytest.raises(AccessError, match="cannot be read"):
        read_token(tmp_path / "none")
