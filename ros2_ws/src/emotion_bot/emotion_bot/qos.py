"""Quality of service, by purpose."""

from typing import Final

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

IMAGE_PUBLISHER: Final = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=16, reliability=ReliabilityPolicy.RELIABLE
)
"""A reliable writer serves reliable and best-effort readers alike."""

IMAGE_SUBSCRIBER: Final = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=16, reliability=ReliabilityPolicy.BEST_EFFORT
)
"""Best effort matches every camera driver. The depth bridges half a second at 30 frames/s;
beyond that the oldest frames go, so that a slow computer falls behind by no more."""

IMAGE_OVER_NETWORK: Final = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=16, reliability=ReliabilityPolicy.RELIABLE
)
"""An image is many packets: what a network loses of them is sent again. Those that arrive meanwhile
wait, as many as the camera keeps."""

STREAM: Final = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=20, reliability=ReliabilityPolicy.RELIABLE
)
"""Small results at camera rate that must all arrive."""

STREAM_PUBLISHER: Final = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=250, reliability=ReliabilityPolicy.RELIABLE
)
"""Keeps five seconds of them at 50 Hz for a recorder that gets no processor meanwhile."""

SOUND: Final = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=200, reliability=ReliabilityPolicy.RELIABLE
)
"""Chunks of sound: six seconds of them, because a recogniser may be busy for so long."""

SET_POINT: Final = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=1, reliability=ReliabilityPolicy.RELIABLE
)
"""For readers of commands of which only the newest counts. Their writers keep more
(STREAM_PUBLISHER), for a recorder that wants them all."""

STATUS: Final = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
"""State that late joiners need at once."""

OBSERVER: Final = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=1000, reliability=ReliabilityPolicy.RELIABLE
)
"""For subscribers that count messages and must not miss one while they draw."""
