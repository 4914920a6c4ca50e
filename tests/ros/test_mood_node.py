"""The mood node keeps what it is told, answers, and forgets."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import yaml
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from emotion_bot_msgs.msg import Expression
from emotion_bot_msgs.srv import EnrolPerson, ForgetPerson, QueryMood
from rcl_interfaces.msg import Log

from emotion_bot import qos, topics
from emotion_bot.nodes.mood import (
    PARAMETERS,
    MoodNode,
)
from emotion_bot.runner import ConfigurationError
from emotion_bot.supervision import EXIT_BAD_CONFIGURATION
from emotion_bot.up.processes import config_directory
from emotion_core.affect import LABELS
from emotion_core.memory.aggregation import MoodSample
from emotion_core.memory.database import default_database_path
from emotion_core.memory.recorder import MoodRecorder
from emotion_core.memory.store import MoodStore

pytestmark = pytest.mark.ros

DAY = 86_400
EVERY_SECOND = pytest.mark.parametrize("bench", [{"interval": 1}], indirect=True)
NAME = "Änna <b>O'Brien</b> 🙂"


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def _expression(face_id: str, label: str = "happy", **changes: object) -> Expression:
    nanoseconds = time.time_ns()
    message = Expression(
        face_id=face_id,
        probabilities=[float(other == label) for other in LABELS],
        valence=0.5,
        arousal=0.25,
        confidence=0.75,
        face_weight=1.0,
    )
    message.header.stamp = Time(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)
    for name, value in changes.items():
        setattr(message, name, value)
    return message


class Services:
    """Calls the node's services and waits for the answers."""

    def __init__(self, bench) -> None:
        self._clients = {
            kind: bench.node.create_client(kind, name)
            for kind, name in (
                (QueryMood, topics.QUERY_MOOD_SERVICE),
                (ForgetPerson, topics.FORGET_PERSON_SERVICE),
                (EnrolPerson, topics.ENROL_PERSON_SERVICE),
            )
        }
        for client in self._clients.values():
            assert client.wait_for_service(30.0)

    def call(self, kind: type, **fields: object):
        """Return the response to a request with these fields."""
        answered = threading.Event()
        future = self._clients[kind].call_async(kind.Request(**fields))
        future.add_done_callback(lambda _: answered.set())
        assert answered.wait(30.0)
        return future.result()


def _watch_until(bench, publisher, message, condition) -> None:
    """Publish expressions until a condition holds."""

    def publish_and_ask() -> object:
        publisher.publish(message())
        return condition()

    bench.wait_until(publish_and_ask, "the condition")


@EVERY_SECOND
def test_expressions_become_summaries(bench) -> None:
    bench.add(MoodNode())
    services = Services(bench)
    publisher = bench.publisher(Expression, topics.EXPRESSION)
    assert services.call(QueryMood).success
    _watch_until(
        bench,
        publisher,
        lambda: _expression("f1", "sad", valence=-0.5),
        lambda: any(person.intervals for person in services.call(QueryMood).persons),
    )
    (person,) = services.call(QueryMood).persons
    assert (person.name, list(person.face_ids)) == ("", ["f1"])
    assert person.kept_until.sec == person.last_seen.sec + 30 * DAY
    answers = [
        services.call(QueryMood, person=person.id, time_zone="Europe/Berlin"),
        services.call(QueryMood, face_id="f1", period=QueryMood.Request.WEEK),
    ]
    for answer in answers:
        assert answer.success, answer.message
        mood = answer.summaries[-1]
        assert mood.expression == "sad"
        assert mood.valence == pytest.approx(-0.5)
        assert list(mood.probabilities) == [float(label == "sad") for label in LABELS]
        assert math.isnan(answer.trend.valence_per_day)
        assert math.isnan(answer.comparison.valence_difference)


@EVERY_SECOND
def test_enrol_and_forget_without_a_name_in_any_log_or_topic(
    bench, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    log, diagnostics = bench.listen(Log, "/rosout"), bench.listen(DiagnosticArray, "/diagnostics")
    bench.add(MoodNode())
    services = Services(bench)
    publisher = bench.publisher(Expression, topics.EXPRESSION)
    _watch_until(
        bench,
        publisher,
        lambda: _expression("f1"),
        lambda: services.call(QueryMood, face_id="f1").success,
    )
    refused = services.call(EnrolPerson, face_id="f1", name=NAME, consent=False)
    assert (refused.success, refused.id) == (False, "")
    enrolled = services.call(EnrolPerson, face_id="f1", name=NAME, consent=True)
    assert enrolled.success, enrolled.message
    (person,) = services.call(QueryMood, person=NAME).persons
    assert (person.id, person.name) == (enrolled.id, NAME)
    assert person.consent_time.sec > 0
    assert person.kept_until.sec == person.last_seen.sec + 730 * DAY
    forgotten = services.call(ForgetPerson, person=NAME)
    assert forgotten.success, forgotten.message
    again = services.call(ForgetPerson, person=NAME)
    assert not again.success
    assert NAME not in again.message
    # The face is still in view, but it is not remembered again.
    for _ in range(20):
        publisher.publish(_expression("f1"))
    assert services.call(QueryMood).persons == []
    log.wait_for(lambda messages: any("forgotten" in entry.msg for entry in messages))
    diagnostics.wait_for_count(2)
    said = repr(log.messages) + repr(diagnostics.messages) + "".join(capfd.readouterr())
    for secret in (NAME, "Änna", person.id):
        assert secret not in said
        for file in default_database_path().parent.iterdir():
            assert secret.encode() not in file.read_bytes()


def test_bad_requests_are_answered_with_a_reason(bench) -> None:
    bench.add(MoodNode())
    services = Services(bench)
    publisher = bench.publisher(Expression, topics.EXPRESSION)
    _watch_until(
        bench,
        publisher,
        lambda: _expression("f1"),
        lambda: services.call(QueryMood, face_id="f1").success,
    )
    for kind, fields, reason in (
        (QueryMood, {"person": "nobody"}, "nobody"),
        (QueryMood, {"face_id": "f9"}, "this face"),
        (QueryMood, {"face_id": "f1", "time_zone": "Nowhere/Land"}, "not a time zone"),
        (QueryMood, {"face_id": "f1", "period": 9}, "period must be"),
        (ForgetPerson, {}, "this face"),
        (ForgetPerson, {"person": "x" * 10_000}, "nobody"),
        (EnrolPerson, {"face_id": "f1", "name": "x" * 10_000, "consent": True}, "at most 100"),
        (EnrolPerson, {"face_id": "f1", "name": "two\nlines", "consent": True}, "one line"),
        (EnrolPerson, {"face_id": "f1", "name": "", "consent": True}, "visible"),
        (EnrolPerson, {"person": "Anna", "name": "Anna", "consent": True}, "nobody"),
    ):
        answer = services.call(kind, **fields)
        assert not answer.success
        assert reason in answer.message


def test_health_tells_what_is_kept_and_what_was_rejected(bench) -> None:
    _remember("person-00000000aaaa", time.time() - 2 * DAY, "old")
    _remember("person-00000000bbbb", time.time() - 31 * DAY, "too old")
    diagnostics = bench.listen(DiagnosticArray, "/diagnostics")
    bench.add(MoodNode())
    publisher = bench.publisher(Expression, topics.EXPRESSION, qos.STREAM)
    publisher.publish(_expression("f1", valence=5.0))
    publisher.publish(_expression(""))
    status = diagnostics.wait_for(
        lambda messages: next(
            (
                message.status[0]
                for message in messages
                if {"expressions_rejected": "1", "expressions_without_face": "1"}.items()
                <= {pair.key: pair.value for pair in message.status[0].values}.items()
            ),
            None,
        )
    )
    values = {pair.key: pair.value for pair in status.values}
    assert (status.name, status.level) == ("mood", DiagnosticStatus.OK)
    # What was past its time was erased at the start.
    assert (values["persons_anonymous"], values["persons_enrolled"]) == ("1", "0")
    assert values["anonymous_retention_days"] == "30"
    assert values["kept_since"] < values["kept_to"] < values["next_expiry"]
    assert status.hardware_id == str(default_database_path())


def _remember(identifier: str, moment: float, face: str) -> None:
    recorder = MoodRecorder(default_database_path(), now=moment, identifiers=lambda: identifier)
    recorder.observe(face, MoodSample(moment, [1.0] + [0.0] * 6, 0, 0, 1, (1, 0, 0)), moment)
    recorder.close()


def test_a_damaged_database_is_set_aside_and_health_says_so(bench) -> None:
    default_database_path().parent.mkdir()
    default_database_path().write_bytes(b"not a database" * 100)
    diagnostics = bench.listen(DiagnosticArray, "/diagnostics")
    bench.add(MoodNode())
    (message, *_) = diagnostics.wait_for_count(1)
    assert message.status[0].level == DiagnosticStatus.WARN
    assert "damaged" in message.status[0].message
    assert any(".damaged-" in file.name for file in default_database_path().parent.iterdir())


@pytest.mark.parametrize(
    ("bench", "message"),
    [({"interval": 7}, "must divide 900"), ({"time_zone": "Nowhere/Land"}, "not a time zone")],
    indirect=["bench"],
)
def test_a_configuration_that_cannot_work_is_named(bench, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        MoodNode()


def test_the_shipped_parameters_are_those_of_the_node() -> None:
    document = yaml.safe_load((config_directory() / "mood.yaml").read_text())
    shipped = document["/**/mood"]["ros__parameters"]
    assert shipped == {parameter.name: parameter.default for parameter in PARAMETERS}


def _process(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "emotion_bot.nodes.mood", *arguments],
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_database_of_a_newer_program_stops_the_process_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "newer.sqlite3"
    store = MoodStore(path, create=True, now=time.time())
    store._database.execute("PRAGMA user_version = 99")
    store.close()
    process = _process("--ros-args", "-p", f"database_path:={path}")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == EXIT_BAD_CONFIGURATION
    assert "version 99" in errors
    assert "update emotion_bot" in errors


def test_stopping_keeps_the_interval_that_has_begun(bench, tmp_path: Path) -> None:
    path = tmp_path / "stopped.sqlite3"
    shipped = ["--params-file", str(config_directory() / "mood.yaml")]
    changed = ["-p", f"database_path:={path}", "-p", "interval:=900"]
    process = _process("--ros-args", *shipped, *changed)
    try:
        publisher = bench.publisher(Expression, topics.EXPRESSION)
        services = Services(bench)
        _watch_until(
            bench,
            publisher,
            lambda: _expression("f1"),
            lambda: services.call(QueryMood, face_id="f1").success,
        )
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    finally:
        process.kill()
    store = MoodStore(path, create=False, now=time.time())
    assert sum(record.intervals for record in store.persons()) >= 1
    store.close()
