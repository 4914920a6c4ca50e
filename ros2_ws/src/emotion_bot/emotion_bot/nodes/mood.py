"""Mood node: expressions in, one row per person and minute kept; answers, enrols and forgets."""

from __future__ import annotations

import datetime
import math
import sys
from pathlib import Path

from emotion_bot_msgs.msg import Expression, MoodPerson
from emotion_bot_msgs.srv import EnrolPerson, ForgetPerson, QueryMood
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from emotion_bot import mood_messages, qos, runner, stamps, topics
from emotion_bot.diagnostics import Diagnostics, Health, Level
from emotion_bot.parameters import Parameter, declare
from emotion_bot.subscriptions import subscribe
from emotion_core.memory.database import default_database_path
from emotion_core.memory.errors import MoodMemoryError
from emotion_core.memory.recorder import MoodRecorder
from emotion_core.memory.records import Kept, PersonRecord
from emotion_core.memory.report import report
from emotion_core.memory.retention import RetentionPolicy
from emotion_core.memory.summary import Period
from emotion_core.memory.time_zone import time_zone

_DEFAULTS = RetentionPolicy()

PARAMETERS = (
    Parameter("database_path", "", "Database file; empty for mood.sqlite3 in the user's data."),
    Parameter("interval", 60, "Length of a row, s; divides 900.", 1, 900),
    Parameter(
        "anonymous_retention_days",
        _DEFAULTS.anonymous_days,
        "Days after which rows of persons without a name are erased.",
        1,
        3650,
    ),
    Parameter(
        "enrolled_retention_days",
        _DEFAULTS.enrolled_days,
        "Days after which rows of enrolled persons are erased.",
        1,
        3650,
    ),
    Parameter("time_zone", "", "IANA name of the zone of days and weeks; empty for the machine's."),
)

_TICK_SECONDS = 1.0
_COUNT_SECONDS = 10.0
_PERIODS = {QueryMood.Request.DAY: Period.DAY, QueryMood.Request.WEEK: Period.WEEK}


class MoodNode(Node):
    """Names of persons are in the answers of its services only: in no log, topic or diagnostic."""

    def __init__(self) -> None:
        super().__init__("mood")
        values = declare(self, PARAMETERS)
        # The wall clock, also in a simulation: what is kept expires in real time.
        self._clock = Clock(clock_type=ClockType.SYSTEM_TIME)
        path = Path(values["database_path"] or default_database_path()).expanduser()
        try:
            self._zone = time_zone(values["time_zone"])
            self._recorder = MoodRecorder(
                path,
                now=self._now(),
                policy=RetentionPolicy(
                    values["anonymous_retention_days"], values["enrolled_retention_days"]
                ),
                interval_seconds=values["interval"],
            )
        except (MoodMemoryError, ValueError) as error:
            raise runner.ConfigurationError(str(error)) from error
        self._set_aside: Path | None = None
        self._rejected = 0
        self._kept: Kept | None = None
        self._tick()
        self._count()
        subscribe(self, Expression, topics.EXPRESSION, self._on_expression, qos.OBSERVER)
        self.create_service(QueryMood, topics.QUERY_MOOD_SERVICE, self._on_query)
        self.create_service(ForgetPerson, topics.FORGET_PERSON_SERVICE, self._on_forget)
        self.create_service(EnrolPerson, topics.ENROL_PERSON_SERVICE, self._on_enrol)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(_TICK_SECONDS, self._tick, clock=steady)
        self.create_timer(_COUNT_SECONDS, self._count, clock=steady)
        self._diagnostics = Diagnostics(self, str(path), self._health)

    def close(self) -> None:
        """Write what is in memory; safe to call twice."""
        self._recorder.close()

    def _now(self) -> float:
        return float(self._clock.now().nanoseconds) * 1e-9

    def _on_expression(self, message: Expression) -> None:
        try:
            self._recorder.observe(message.face_id, mood_messages.mood_sample(message), self._now())
        except ValueError as error:
            self._rejected += 1
            self.get_logger().warning(
                f"expression not remembered: {error}", throttle_duration_sec=5.0
            )

    def _tick(self) -> None:
        erased = self._recorder.tick(self._now())
        if erased is not None:
            self.get_logger().info(f"{erased.intervals} rows past their time erased")
        set_aside = self._recorder.status.set_aside
        if set_aside != self._set_aside:
            self._set_aside = set_aside
            self.get_logger().error(
                f"the database was damaged and is set aside as {set_aside}; a new one is begun"
            )

    def _count(self) -> None:
        try:
            self._kept = self._recorder.store.kept()
        except MoodMemoryError:
            self._kept = None

    def _on_query(
        self, request: QueryMood.Request, response: QueryMood.Response
    ) -> QueryMood.Response:
        response.trend = mood_messages.UNKNOWN_TREND
        response.comparison = mood_messages.UNKNOWN_COMPARISON
        try:
            if request.person or request.face_id:
                self._report(request, response)
            else:
                response.persons = [
                    self._person_message(record) for record in self._recorder.store.persons()
                ]
        except (MoodMemoryError, ValueError) as error:
            response.message = str(error)
        else:
            response.success = True
        return response

    def _report(self, request: QueryMood.Request, response: QueryMood.Response) -> None:
        if request.period not in _PERIODS:
            raise ValueError(f"period must be {QueryMood.Request.DAY} or {QueryMood.Request.WEEK}")
        store = self._recorder.store
        person = store.find(self._reference(request.person, request.face_id))
        answer = report(
            store,
            person,
            _PERIODS[request.period],
            time_zone(request.time_zone) if request.time_zone else self._zone,
            since=stamps.seconds_from_stamp(request.since) or -math.inf,
            until=stamps.seconds_from_stamp(request.until) or self._now(),
        )
        response.persons = [self._person_message(store.record(person))]
        response.summaries = [mood_messages.summary_message(mood) for mood in answer.summaries]
        response.trend = mood_messages.trend_message(answer.trend)
        response.comparison = mood_messages.comparison_message(answer.comparison)

    def _on_forget(
        self, request: ForgetPerson.Request, response: ForgetPerson.Response
    ) -> ForgetPerson.Response:
        try:
            erased = self._recorder.forget(self._reference(request.person, request.face_id))
        except MoodMemoryError as error:
            response.message = str(error)
        else:
            response.success = True
            response.intervals_erased = erased.intervals
            response.damaged_copies_erased = erased.damaged_copies
            response.message = f"{erased.intervals} rows erased"
            self.get_logger().info("a person was forgotten")
        self._count()
        return response

    def _on_enrol(
        self, request: EnrolPerson.Request, response: EnrolPerson.Response
    ) -> EnrolPerson.Response:
        try:
            person = self._recorder.enrol(
                self._reference(request.person, request.face_id),
                request.name,
                consent=request.consent,
                now=self._now(),
            )
        except MoodMemoryError as error:
            response.message = str(error)
        else:
            response.success = True
            response.id = person.identifier
            self.get_logger().info("a person was enrolled with consent")
        self._count()
        return response

    def _reference(self, person: str, face_id: str) -> str:
        return person or self._recorder.person_of(face_id)

    def _person_message(self, record: PersonRecord) -> MoodPerson:
        return mood_messages.person_message(
            record, self._recorder.faces_of(record.person), self._recorder.policy
        )

    def _health(self) -> Health:
        status, policy, kept = self._recorder.status, self._recorder.policy, self._kept
        values: dict[str, object] = {
            "anonymous_retention_days": policy.anonymous_days,
            "enrolled_retention_days": policy.enrolled_days,
            "faces_in_view": status.faces,
            "intervals_written": status.intervals_written,
            "intervals_waiting": status.intervals_waiting,
            "intervals_lost": status.intervals_lost,
            "expressions_without_face": status.samples_without_face,
            "expressions_rejected": self._rejected,
        }
        if kept is not None:
            values |= {
                "persons_anonymous": kept.anonymous,
                "persons_enrolled": kept.enrolled,
                "observed_hours": round(kept.observed / 3600, 2),
                "kept_since": self._local(kept.oldest),
                "kept_to": self._local(kept.newest),
                "next_expiry": self._local(policy.next_expiry(kept)),
                "database_bytes": kept.size_bytes,
                "damaged_copies": kept.damaged_copies,
            }
        if status.failure or kept is None:
            return Level.ERROR, status.failure or "the database cannot be read", values
        if status.set_aside is not None:
            return Level.WARN, f"the database was damaged, see {status.set_aside}", values
        persons = kept.anonymous + kept.enrolled
        since = f" since {self._local(kept.oldest)}" if kept.oldest is not None else ""
        return Level.OK, f"{persons} persons kept{since}", values

    def _local(self, time: int | None) -> str:
        if time is None:
            return "nothing kept"
        return datetime.datetime.fromtimestamp(time, self._zone).isoformat(timespec="seconds")


def main(arguments: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    sys.exit(runner.run(MoodNode, arguments))


if __name__ == "__main__":
    main()
