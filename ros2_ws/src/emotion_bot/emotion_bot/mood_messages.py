"""Messages about persons' moods, made from the core's results."""

from __future__ import annotations

from collections.abc import Sequence

from builtin_interfaces.msg import Time
from emotion_bot_msgs.msg import Expression, MoodComparison, MoodPerson, MoodSummary, MoodTrend

from emotion_bot import stamps
from emotion_core.memory import summary, trend
from emotion_core.memory.aggregation import MoodSample
from emotion_core.memory.records import PersonRecord
from emotion_core.memory.retention import RetentionPolicy

_LATEST_SECOND = 2**31 - 1


def mood_sample(message: Expression) -> MoodSample:
    """Return what the mood memory takes of an expression."""
    return MoodSample(
        time=stamps.seconds_from_stamp(message.header.stamp),
        probabilities=message.probabilities.tolist(),
        valence=message.valence,
        arousal=message.arousal,
        confidence=message.confidence,
        modality_shares=(message.face_weight, message.voice_weight, message.text_weight),
    )


def person_message(
    record: PersonRecord, face_ids: Sequence[str], policy: RetentionPolicy
) -> MoodPerson:
    """Return a person with the size of what is kept and for how long."""
    person = record.person
    return MoodPerson(
        id=person.identifier,
        name=person.name or "",
        face_ids=face_ids,
        consent_time=_stamp(person.consent_time or 0.0),
        first_seen=_stamp(person.first_seen),
        last_seen=_stamp(person.last_seen),
        kept_until=_stamp(person.last_seen + policy.lifetime(enrolled=person.enrolled)),
        intervals=record.intervals,
        observed_seconds=float(record.observed),
    )


def summary_message(mood: summary.MoodSummary) -> MoodSummary:
    """Return a day or week."""
    face_weight, voice_weight, text_weight = mood.modality_shares
    return MoodSummary(
        start=_stamp(mood.start),
        end=_stamp(mood.end),
        date=mood.date.isoformat(),
        observed_seconds=float(mood.observed),
        samples=mood.samples,
        expression=mood.emotion.rep155,
        probabilities=mood.probabilities,
        valence=mood.valence,
        arousal=mood.arousal,
        confidence=mood.confidence,
        face_weight=face_weight,
        voice_weight=voice_weight,
        text_weight=text_weight,
    )


def trend_message(mood: trend.MoodTrend) -> MoodTrend:
    """Return a trend; NaN where it is unknown."""
    return MoodTrend(
        days=mood.days,
        valence_per_day=mood.valence.per_day,
        valence_per_day_low=mood.valence.low,
        valence_per_day_high=mood.valence.high,
        arousal_per_day=mood.arousal.per_day,
        arousal_per_day_low=mood.arousal.low,
        arousal_per_day_high=mood.arousal.high,
    )


def comparison_message(mood: trend.MoodComparison) -> MoodComparison:
    """Return a comparison; NaN where it is unknown."""
    return MoodComparison(
        days=mood.days,
        baseline_days=mood.baseline_days,
        valence_difference=mood.valence.difference,
        arousal_difference=mood.arousal.difference,
        valence_deviation=mood.valence.deviations,
        arousal_deviation=mood.arousal.deviations,
        probability_difference=mood.probabilities,
    )


UNKNOWN_TREND = trend_message(trend.trend([]))
UNKNOWN_COMPARISON = comparison_message(trend.compare([], []))


def _stamp(seconds: float) -> Time:
    return stamps.stamp_from_seconds(min(seconds, _LATEST_SECOND))
