import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from emotion_bot_msgs.msg import Expression, Face, Faces, GazeTarget, Posture
from emotion_bot_msgs.srv import SetBehaviour
from std_msgs.msg import Bool, String
from std_srvs.srv import Trigger

from emotion_bot import qos, runner, topics
from emotion_bot.nodes.behaviour import BehaviourNode
from emotion_bot.nodes.say import SayNode
from emotion_core.affect import EMOTIONS

pytestmark = pytest.mark.ros


class Visitor:
    """Publishes a face and what it shows, 20 times a second, stamped with the present time."""

    def __init__(self, bench, face_id="ann"):
        self.face_id = face_id
        self.label = "neutral"
        self.talking = False
        self._node = bench.node
        self._faces = bench.publisher(Faces, topics.FACES, qos.STREAM)
        self._expressions = bench.publisher(Expression, topics.EXPRESSION, qos.STREAM)
        self._voice = bench.publisher(Bool, topics.VOICE_IS_SPEAKING, qos.STREAM)
        self._gaze = bench.publisher(GazeTarget, topics.GAZE_TARGET, qos.STREAM)
        self._node.create_timer(0.05, self._show)

    def _show(self):
        stamp = self._node.get_clock().now().to_msg()
        face = Face(id=self.face_id)
        face.roi.xmin, face.roi.ymin, face.roi.xmax, face.roi.ymax = 0.4, 0.3, 0.6, 0.7
        faces = Faces(width=640, height=480, faces=[face])
        faces.header.stamp = stamp
        self._faces.publish(faces)
        expression = Expression(face_id=self.face_id)
        expression.header.stamp = stamp
        expression.probabilities = [
            0.88 if emotion.value == self.label else 0.02 for emotion in EMOTIONS
        ]
        self._expressions.publish(expression)
        self._gaze.publish(GazeTarget(state=GazeTarget.TRACKING, face_id=self.face_id))
        self._voice.publish(Bool(data=self.talking))


def request(bench, what, face_id=""):
    client = bench.node.create_client(SetBehaviour, topics.SET_BEHAVIOUR_SERVICE)
    bench.wait_until(client.service_is_ready, "the behaviour's service")
    future = client.call_async(SetBehaviour.Request(request=what, face_id=face_id))
    bench.wait_until(future.done, "the answer")
    return future.result()


def wait_for_state(postures, state, after=0):
    return postures.wait_for(
        lambda seen: next((posture for posture in seen[after:] if posture.state == state), None)
    )


@pytest.fixture
def behaviour(bench):
    return bench.add(BehaviourNode())


def test_alone_it_breathes(bench, behaviour):
    postures = bench.listen(Posture, topics.POSTURE).wait_for_count(20)
    assert {posture.state for posture in postures} == {Posture.IDLE}
    stamps = [p.header.stamp.sec + p.header.stamp.nanosec * 1e-9 for p in postures]
    assert stamps == sorted(set(stamps))
    assert postures[-1].tilt != postures[0].tilt
    assert all(p.engaged and p.expression == "" and p.face_id == "" for p in postures)


def test_a_visitor_is_followed_greeted_and_mirrored(bench, behaviour):
    postures = bench.listen(Posture, topics.POSTURE)
    visitor = Visitor(bench)
    greeting = wait_for_state(postures, Posture.GREETING)
    assert greeting.face_id == "ann"
    visitor.label = "sad"
    mirroring = wait_for_state(postures, Posture.MIRRORING)
    assert mirroring.expression == "sad"
    assert mirroring.speed < 0.5
    lowest = postures.wait_for(lambda seen: next((p for p in seen if p.tilt < -0.1), None))
    assert 0.0 < lowest.led.b <= 1.0
    assert lowest.led.b > lowest.led.r


def test_a_speaker_is_listened_to(bench, behaviour):
    postures = bench.listen(Posture, topics.POSTURE)
    visitor = Visitor(bench)
    wait_for_state(postures, Posture.GREETING)
    visitor.talking = True
    assert wait_for_state(postures, Posture.LISTENING).face_id == "ann"


def test_sleep_park_and_wake_on_request(bench, behaviour):
    postures = bench.listen(Posture, topics.POSTURE)
    for what, state, engaged in (
        (SetBehaviour.Request.SLEEP, Posture.SLEEPING, False),
        (SetBehaviour.Request.PARK, Posture.PARKED, False),
        (SetBehaviour.Request.WAKE, Posture.IDLE, True),
    ):
        count = len(postures.messages)
        assert request(bench, what).success
        assert wait_for_state(postures, state, count).engaged is engaged


def test_one_of_several_people_can_be_chosen(bench, behaviour):
    postures = bench.listen(Posture, topics.POSTURE)
    Visitor(bench)
    wait_for_state(postures, Posture.GREETING)
    wait_for_state(postures, Posture.FOLLOWING, len(postures.messages))
    assert request(bench, SetBehaviour.Request.FOLLOW, "ann").success
    postures.wait_for(
        lambda seen: any(p.state == Posture.FOLLOWING and p.face_id == "ann" for p in seen)
    )
    refused = request(bench, SetBehaviour.Request.FOLLOW, "bob")
    assert not refused.success
    assert "'bob'" in refused.message


def test_an_unknown_request_is_refused(bench, behaviour):
    answer = request(bench, "dance")
    assert not answer.success
    assert "dance" in answer.message


def test_a_message_that_is_no_expression_is_refused_with_a_diagnostic(bench, behaviour):
    diagnostics = bench.listen(DiagnosticArray, topics.DIAGNOSTICS)
    Visitor(bench)
    wait_for_state(bench.listen(Posture, topics.POSTURE), Posture.FOLLOWING)
    broken = Expression(face_id="ann")
    broken.header.stamp = bench.node.get_clock().now().to_msg()
    broken.probabilities = [float("nan")] * 7
    bench.publisher(Expression, topics.EXPRESSION, qos.STREAM).publish(broken)
    warning = diagnostics.wait_for(
        lambda seen: next((s for m in seen for s in m.status if "rejected" in s.message), None)
    )
    assert warning.level == DiagnosticStatus.WARN
    assert "probabilities" in warning.message


@pytest.mark.parametrize("bench", [{"speak": True}], indirect=True)
def test_a_greeting_is_spoken_when_speaking_is_on(bench, behaviour):
    sentences = bench.listen(String, topics.SAY)
    Visitor(bench)
    assert sentences.wait_for_count(1)[0].data == "Hello."


def test_a_greeting_is_silent_by_default(bench, behaviour):
    sentences = bench.listen(String, topics.SAY)
    postures = bench.listen(Posture, topics.POSTURE)
    Visitor(bench)
    wait_for_state(postures, Posture.GREETING)
    wait_for_state(postures, Posture.FOLLOWING, len(postures.messages))
    assert sentences.messages == []


def test_a_bad_reactions_file_stops_the_node_with_the_reason(bench, tmp_path, monkeypatch):
    mine = tmp_path / "mine.yaml"
    mine.write_text("emotions: {sad: {speed: 5}}")
    monkeypatch.setattr(
        "emotion_bot.nodes.behaviour.declare",
        lambda _node, parameters: (
            {p.name: p.default for p in parameters} | {"reactions_file": str(mine)}
        ),
    )
    with pytest.raises(runner.ConfigurationError, match=r"mine\.yaml: emotions\.sad\.speed is 5"):
        BehaviourNode()


@pytest.fixture
def voice_program(tmp_path):
    """A program that takes its text like espeak-ng and then speaks until it is stopped."""
    path = tmp_path / "voice"
    path.write_text("#!/bin/sh\ncat > /dev/null\nexec sleep 60\n")
    path.chmod(0o755)
    return path


def test_the_say_node_is_off_by_default(bench, voice_program):
    bench.add(SayNode())
    diagnostics = bench.listen(DiagnosticArray, topics.DIAGNOSTICS)
    active = bench.listen(Bool, topics.SAY_ACTIVE, qos.STATUS)
    bench.publisher(String, topics.SAY, qos.STREAM).publish(String(data="hello"))
    diagnostics.wait_for(lambda seen: any(s.message == "off" for m in seen for s in m.status))
    assert [message.data for message in active.wait_for_count(1)] == [False]


@pytest.mark.parametrize("bench", [{"enabled": True, "program": "no-such-espeak"}], indirect=True)
def test_a_missing_program_is_a_warning_and_no_end(bench):
    bench.add(SayNode())
    diagnostics = bench.listen(DiagnosticArray, topics.DIAGNOSTICS)
    warning = diagnostics.wait_for(
        lambda seen: next((s for m in seen for s in m.status if "cannot speak" in s.message), None)
    )
    assert warning.level == DiagnosticStatus.WARN
    assert "no-such-espeak is not installed" in warning.message


@pytest.mark.parametrize("bench", [{"enabled": True, "voice": "../voice"}], indirect=True)
def test_a_voice_that_is_none_is_a_configuration_error(bench, voice_program, monkeypatch):
    monkeypatch.setattr("emotion_core.behaviour.speaker.shutil.which", lambda _: "/bin/true")
    with pytest.raises(runner.ConfigurationError, match="voice"):
        SayNode()


@pytest.mark.parametrize("bench", [{"enabled": True}], indirect=True)
def test_speech_is_announced_and_stops_on_request(bench, voice_program, monkeypatch):
    monkeypatch.setattr("emotion_core.behaviour.speaker.shutil.which", lambda _: str(voice_program))
    bench.add(SayNode())
    active = bench.listen(Bool, topics.SAY_ACTIVE, qos.STATUS)
    bench.publisher(String, topics.SAY, qos.STREAM).publish(String(data="hello"))
    active.wait_for(lambda seen: seen and seen[-1].data)
    stop = bench.node.create_client(Trigger, topics.SAY_STOP_SERVICE)
    bench.wait_until(stop.service_is_ready, "the stop service")
    stop.call_async(Trigger.Request())
    active.wait_for(lambda seen: not seen[-1].data)
