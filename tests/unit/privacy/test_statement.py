"""What `emotion-bot privacy` says, and what the privacy state relies on in other nodes."""

import pytest
from emotion_bot_msgs.msg import Privacy, PrivacyPart

from emotion_bot.commands.privacy import statement_from
from emotion_bot.dashboard import names
from emotion_bot.nodes import mood, recorder
from emotion_bot.stamps import stamp_from_seconds
from emotion_core.privacy.parts import PartState

pytestmark = pytest.mark.unit

NOW = 1000.0


def statement(age=0.0, **part):
    message = Privacy(parts=[PrivacyPart(name="camera", **part)])
    message.header.stamp = stamp_from_seconds(NOW - age)
    return statement_from(message, NOW, 5.0)


def test_a_recent_answer_is_repeated():
    said = statement(state=PrivacyPart.OFF, detail="the device is closed", goes_to=["faces"])
    assert said.answered
    assert said.parts[0].state is PartState.OFF
    assert said.parts[0].goes_to == ("faces",)


@pytest.mark.parametrize("message", [None, "old", "future"])
def test_silence_and_old_answers_are_unknown_and_never_off(message):
    if message is None:
        said = statement_from(None, NOW, 5.0)
    else:
        said = statement(10.0 if message == "old" else -10.0, state=PrivacyPart.OFF)
    assert not said.answered
    assert {part.name for part in said.parts} >= {"camera", "microphone", "recording"}
    assert all(part.state is PartState.UNKNOWN for part in said.parts)


def test_a_part_that_says_nothing_of_its_state_is_unknown():
    assert statement().parts[0].state is PartState.UNKNOWN
    assert statement(state=77).parts[0].state is PartState.UNKNOWN


def test_the_states_are_those_of_the_message():
    assert {state.name: state.value for state in PartState} == {
        name: getattr(PrivacyPart, name) for name in ("UNKNOWN", "ON", "OFF", "ABSENT")
    }


def test_parameters_are_those_of_the_nodes():
    parameters = {parameter.name for parameter in mood.PARAMETERS}
    assert set(names.RETENTION_PARAMETERS) <= parameters
    recorder_parameters = {parameter.name for parameter in recorder.PARAMETERS}
    assert {"directory", "consent"} <= recorder_parameters
