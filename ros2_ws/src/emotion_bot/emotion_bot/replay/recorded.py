"""What a robot answered when it was recorded."""

from __future__ import annotations

from emotion_bot.replay.collector import COLLECTED, Collector, arrival_delay
from emotion_bot.serialization import UnreadableMessageError, read_message
from emotion_core.replay.bag_metadata import BagError
from emotion_core.replay.bag_reader import BagReader
from emotion_core.replay.run_record import RunRecord


def read_recorded_run(bag: BagReader) -> RunRecord:
    """Return the record of the run in a bag.

    Raises:
        BagError: if the bag is damaged.
    """
    collector = Collector(arrival_delay)
    relative = {}
    for name in bag.topics:
        known = [topic for topic in COLLECTED if name.endswith(f"/{topic.lstrip('/')}")]
        relative[name] = known[0] if known else name.lstrip("/")
    for message in bag.messages():
        topic = relative[message.topic]
        try:
            content = read_message(message.data, COLLECTED[topic]) if topic in COLLECTED else None
        except UnreadableMessageError as error:
            raise BagError(
                f"bag {bag.path}: {message.topic} at {message.time} ns: {error}"
            ) from error
        collector.take(topic, content, message.time)
    return collector.finish()
