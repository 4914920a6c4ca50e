import pytest
from rclpy.serialization import serialize_message
from std_msgs.msg import String

from emotion_bot import qos
from emotion_bot.dashboard.sampler import Polled, PolledGroup
from emotion_bot.serialization import UnreadableMessageError, read_message
from emotion_bot.subscriptions import LARGEST_BYTES, read_or_refuse, subscribe

pytestmark = pytest.mark.ros


def test_a_message_of_absurd_size_is_refused_and_the_next_one_read(bench):
    texts = []
    subscribe(
        bench.node, String, "words", lambda message: texts.append(message.data), qos.STREAM, 1000
    )
    words = bench.publisher(String, "words", qos.STREAM)
    for text in ("before", "x" * 1000, "after"):
        words.publish(String(data=text))
    bench.wait_until(lambda: "after" in texts, "the last message")
    assert texts == ["before", "after"]


def test_one_who_asks_now_and_then_is_spared_it_too(bench):
    polled = Polled(bench.node, PolledGroup(), String, "words", qos.STREAM)
    words = bench.publisher(String, "words", qos.STREAM)
    for text in ("before", "x" * LARGEST_BYTES, "after"):
        words.publish(String(data=text))
    texts = []

    def has_all() -> bool:
        texts.extend(message.data for message, _ in polled.take())
        return "after" in texts

    bench.wait_until(has_all, "the last message")
    assert texts == ["before", "after"]


def test_bytes_that_are_no_message_are_refused_and_named(bench):
    with pytest.raises(UnreadableMessageError, match="12 bytes that are no String"):
        read_message(b"\0\1\0\0\xff\xff\xff\x7ftorn", String)
    assert read_or_refuse(bench.node, "words", b"\0\1\0\0\xff\xff\xff\x7f", String) is None
    whole = serialize_message(String(data="whole"))
    assert read_or_refuse(bench.node, "words", whole, String).data == "whole"
