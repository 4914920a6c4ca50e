"""The mood memory as the page shows it."""

from __future__ import annotations

import math
from typing import Any

from emotion_bot_msgs.msg import MoodPerson, MoodSummary
from emotion_bot_msgs.srv import QueryMood

from emotion_bot.stamps import seconds_from_stamp
from emotion_core.affect import Emotion

WEEK_SECONDS = 7 * 86_400.0


def mood_values(answer: QueryMood.Response) -> dict[str, Any]:
    """Return a person's days as JSON-ready values; what is unknown is null."""
    return {
        "person": _person(answer.persons[0]) if answer.persons else None,
        "days": [_summary(summary) for summary in answer.summaries],
        "trend": {
            "days": answer.trend.days,
            "valence": _known(answer.trend.valence_per_day),
            "valence_low": _known(answer.trend.valence_per_day_low),
            "valence_high": _known(answer.trend.valence_per_day_high),
        },
        "comparison": {
            "days": answer.comparison.days,
            "baseline_days": answer.comparison.baseline_days,
            "valence": _known(answer.comparison.valence_difference),
            "valence_deviation": _known(answer.comparison.valence_deviation),
        },
    }


def newest_person(answer: QueryMood.Response) -> str:
    """Return the id of the person seen last; empty when nobody is kept."""
    if not answer.persons:
        return ""
    newest = max(answer.persons, key=lambda person: seconds_from_stamp(person.last_seen))
    return str(newest.id)


def _person(person: MoodPerson) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "face_ids": list(person.face_ids),
        "first_seen": seconds_from_stamp(person.first_seen),
        "kept_until": seconds_from_stamp(person.kept_until) or None,
        "intervals": person.intervals,
    }


def _summary(summary: MoodSummary) -> dict[str, Any]:
    try:
        label = Emotion.from_rep155(summary.expression).value
    except ValueError:
        label = ""
    return {
        "date": summary.date,
        "observed_s": round(summary.observed_seconds),
        "label": label,
        "p": [_known(probability) for probability in summary.probabilities],
        "valence": _known(summary.valence),
        "arousal": _known(summary.arousal),
    }


def _known(value: float) -> float | None:
    return round(float(value), 3) if math.isfinite(value) else None
