import pytest

from emotion_core.privacy.throttle import (
    FORGET_AFTER_SECONDS,
    FREE_ATTEMPTS,
    LONGEST_PAUSE_SECONDS,
    MAXIMUM_ADDRESSES,
    Sessions,
    Throttle,
)

pytestmark = pytest.mark.unit


def fail(throttle, address, times):
    for _ in range(times):
        throttle.failed(address)


def test_the_first_mistakes_cost_nothing(clock):
    throttle = Throttle(clock)
    fail(throttle, "10.0.0.1", FREE_ATTEMPTS - 1)
    assert throttle.wait_seconds("10.0.0.1") == 0


def test_the_pause_doubles_up_to_a_limit(clock):
    throttle = Throttle(clock)
    fail(throttle, "10.0.0.1", FREE_ATTEMPTS)
    pauses = []
    for _ in range(12):
        pauses.append(throttle.wait_seconds("10.0.0.1"))
        throttle.failed("10.0.0.1")
    assert pauses[:4] == [2, 4, 8, 16]
    assert pauses[-1] == LONGEST_PAUSE_SECONDS


def test_waiting_ends_and_others_do_not_wait(clock):
    throttle = Throttle(clock)
    fail(throttle, "10.0.0.1", FREE_ATTEMPTS)
    assert throttle.wait_seconds("10.0.0.2") == 0
    clock.advance(1.5)
    assert throttle.wait_seconds("10.0.0.1") == pytest.approx(0.5)
    clock.advance(0.5)
    assert throttle.wait_seconds("10.0.0.1") == 0


def test_guesses_per_day_are_few(clock):
    """Trying as fast as it may, an address gets a few hundred guesses of 16 characters a day."""
    throttle = Throttle(clock)
    guesses, end = 0, clock() + 86_400
    while clock() < end:
        clock.advance(throttle.wait_seconds("10.0.0.1"))
        throttle.failed("10.0.0.1")
        guesses += 1
    assert guesses < 400


def test_the_right_token_and_time_make_it_forget(clock):
    throttle = Throttle(clock)
    fail(throttle, "10.0.0.1", 10)
    throttle.succeeded("10.0.0.1")
    assert throttle.wait_seconds("10.0.0.1") == 0
    fail(throttle, "10.0.0.1", 10)
    clock.advance(FORGET_AFTER_SECONDS + 1)
    throttle.failed("10.0.0.1")
    assert throttle.wait_seconds("10.0.0.1") == 0


def test_addresses_of_one_network_count_together(clock):
    throttle = Throttle(clock)
    for last in range(FREE_ATTEMPTS):
        throttle.failed(f"2001:db8:1:2::{last:x}")
    assert throttle.wait_seconds("2001:db8:1:2:aaaa::1") > 0
    assert throttle.wait_seconds("2001:db8:1:3::1") == 0
    fail(throttle, "::ffff:10.0.0.1", FREE_ATTEMPTS)
    assert throttle.wait_seconds("10.0.0.1") > 0


def test_memory_is_bounded(clock):
    throttle = Throttle(clock)
    for number in range(3 * MAXIMUM_ADDRESSES):
        fail(throttle, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 1)
    assert len(throttle._records) == MAXIMUM_ADDRESSES


def test_sessions_expire(clock):
    sessions = Sessions(clock, lifetime=100.0)
    key = sessions.start()
    assert sessions.is_valid(key)
    clock.advance(99.0)
    assert sessions.is_valid(key)
    clock.advance(1.0)
    assert not sessions.is_valid(key)
    assert not sessions.is_valid("")


def test_sessions_end_and_are_limited(clock):
    sessions = Sessions(clock, maximum=3)
    keys = [sessions.start() for _ in range(4)]
    assert [sessions.is_valid(key) for key in keys] == [False, True, True, True]
    sessions.end(keys[1])
    assert not sessions.is_valid(keys[1])
    assert len(set(keys)) == 4
    assert all(len(key) >= 40 for key in keys)
