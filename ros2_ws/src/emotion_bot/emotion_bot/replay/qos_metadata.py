"""Quality of service, as a bag's metadata keeps it."""

from __future__ import annotations

from rclpy.duration import Duration
from rclpy.qos import QoSProfile
from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)


def offered_qos(profile: QoSProfile) -> Qos:
    """Return a publisher's profile. What the middleware does not tell is given as it is assumed."""
    history = QosHistory(profile.history.value)
    return Qos(
        QosHistory.KEEP_LAST if history is QosHistory.UNKNOWN else history,
        profile.depth or 1,
        QosReliability(profile.reliability.value),
        QosDurability(profile.durability.value),
        _time(profile.deadline),
        _time(profile.lifespan),
        QosLiveliness(profile.liveliness.value),
        _time(profile.liveliness_lease_duration),
        profile.avoid_ros_namespace_conventions,
    )


def _time(duration: Duration) -> QosTime:
    seconds, nanoseconds = divmod(duration.nanoseconds, 1_000_000_000)
    return QosTime(seconds, nanoseconds)
