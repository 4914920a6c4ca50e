"""What a robot answered when it was recorded."""

from __future__ import annotations

from emotion_bot.replay.bag_inputs import content_of
from emotion_bot.replay.collector import COLLECTED, Collector, arrival_delay
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
        content = content_of(bag, message, COLLECTED[topic]) if topic in COLLECTED else None
        collector.take(topic, content, message.time)
    return collector.finish()
