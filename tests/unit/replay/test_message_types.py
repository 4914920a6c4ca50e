import pytest

from emotion_core.replay.message_types import MessageTypeError, MessageTypes

pytestmark = pytest.mark.unit

TYPES = MessageTypes()


@pytest.mark.parametrize(
    ("type_name", "expected"),
    [
        ("sensor_msgs/msg/Image", True),
        ("sensor_msgs/msg/CompressedImage", True),
        ("emotion_bot_msgs/msg/Face", True),
        ("emotion_bot_msgs/msg/Faces", True),
        ("emotion_bot_msgs/msg/Expression", False),
        ("sensor_msgs/msg/JointState", False),
        ("sensor_msgs/msg/CameraInfo", False),
        ("somebody_msgs/msg/Unheard", True),
    ],
)
def test_types_with_pictures_or_sound_inside_are_found(type_name, expected):
    assert TYPES.shows_people(type_name) is expected


def test_a_type_with_sound_is_known_by_its_name(tmp_path):
    messages = tmp_path / "voice_msgs" / "msg"
    messages.mkdir(parents=True)
    (messages / "AudioData.msg").write_text("uint8[] data\n")
    (messages / "Turn.msg").write_text("voice_msgs/AudioData[] parts\nfloat32 start\n")
    types = MessageTypes([tmp_path])
    assert types.shows_people("voice_msgs/msg/Turn")
    assert "MSG: voice_msgs/AudioData" in types.definition("voice_msgs/msg/Turn")


def test_equal_messages_have_equal_bytes_whatever_the_gaps_held():
    # std_msgs/msg/Header: a text of two letters is followed by nothing, a stamp by none: the gap is
    # inside HeadCommand, before its first double.
    name = "emotion_bot_msgs/msg/HeadCommand"
    clean = bytes([0, 1, 0, 0]) + bytes(8) + (2).to_bytes(4, "little") + b"a\0"
    gap = (-(len(clean) - 4)) % 8
    rest = bytes(16 + 16)
    one = clean + bytes(gap) + rest
    other = clean + b"\xcc" * gap + rest
    assert gap > 0
    assert one != other
    assert TYPES.canonical(name, one) == TYPES.canonical(name, other)


def test_an_unknown_type_is_named_with_where_it_was_looked_for(tmp_path):
    with pytest.raises(MessageTypeError, match=f"'no_msgs/msg/Such'.*{tmp_path}"):
        MessageTypes([tmp_path]).definition("no_msgs/msg/Such")


def test_a_damaged_definition_is_named(tmp_path):
    (tmp_path / "odd_msgs" / "msg").mkdir(parents=True)
    (tmp_path / "odd_msgs" / "msg" / "Odd.msg").write_text("uint8 = = =\n")
    with pytest.raises(MessageTypeError, match=r"Odd\.msg"):
        MessageTypes([tmp_path]).hash("odd_msgs/msg/Odd")
