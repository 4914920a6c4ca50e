import math

import pytest
import yaml
from driving import SHIPPED

from emotion_core.affect import EMOTIONS, Emotion
from emotion_core.behaviour.reactions_file import ReactionsError, load_reactions
from emotion_core.head.gaze import GazeParameters
from emotion_core.head.limits import HeadLimits

pytestmark = pytest.mark.unit


@pytest.fixture
def write(tmp_path):
    def write_text(text):
        path = tmp_path / "mine.yaml"
        path.write_text(text)
        return path

    return write_text


def test_the_shipped_file_is_complete(shipped):
    assert set(shipped.emotions) == set(EMOTIONS)
    assert len({reaction.colour for reaction in shipped.emotions.values()}) == len(EMOTIONS)


def test_gaze_and_posture_together_stay_below_the_heads_speed_and_acceleration(shipped):
    gaze, motion = GazeParameters(), shipped.motion
    for axis in (HeadLimits().pan, HeadLimits().tilt):
        assert gaze.max_speed + motion.speed_share * axis.max_velocity <= axis.max_velocity
        posture = motion.acceleration_share * axis.max_acceleration
        assert gaze.max_acceleration + posture <= axis.max_acceleration


def test_nods_are_slow_enough_to_be_seen_whole(shipped):
    """A nod faster than the posture's share would be cut down by the limits."""
    speed = HeadLimits().tilt.max_velocity * shipped.motion.speed_share
    states = shipped.states
    for reaction in [*shipped.emotions.values(), states.greeting, shipped.listening]:
        nod = reaction.nod
        peak = math.pi * math.radians(nod.depth_deg) / nod.period if nod.count else 0.0
        assert peak <= speed * getattr(reaction, "speed", 1.0)


def test_an_own_file_changes_only_what_it_names(shipped, write):
    mine = load_reactions(
        write('emotions:\n  happy:\n    colour: "#00FF00"\n    nod: {count: 0}\n'), SHIPPED
    )
    happy, before = mine.emotions[Emotion.HAPPY], shipped.emotions[Emotion.HAPPY]
    assert happy.colour == "#00ff00"
    assert happy.rgb == (0.0, 1.0, 0.0)
    assert happy.nod.count == 0
    assert happy.nod.depth_deg == before.nod.depth_deg
    assert happy.sentences == before.sentences
    assert mine.emotions[Emotion.SAD] == shipped.emotions[Emotion.SAD]
    assert mine.times == shipped.times


def test_an_empty_section_changes_nothing(shipped, write):
    assert load_reactions(write("emotions:\n  happy:\n"), SHIPPED) == shipped


@pytest.mark.parametrize(
    ("key", "value", "permitted"),
    [
        ("emotions.happy.nod.depth_deg", 99, "a number from 0 to 15"),
        ("emotions.happy.nod.count", 2.5, "a whole number from 0 to 5"),
        ("emotions.sad.pose.tilt_deg", "low", "a number from -30 to 30"),
        ("emotions.sad.speed", 0, "a number from 0.1 to 1"),
        ("emotions.sad.speed", math.nan, "a number from 0.1 to 1"),
        ("emotions.sad.speed", True, "a number from 0.1 to 1"),
        ("emotions.sad.brightness", 1.5, "a number from 0 to 1"),
        ("emotions.sad.colour", 255, 'a colour in quotes, "#rrggbb"'),
        ("emotions.sad.sentences", "hello", "a list of texts"),
        ("motion.speed_share", 0.9, "a number from 0.02 to 0.5"),
        ("times.rest", -1, "a number from 0 to 86400"),
        ("states", 5, "resting, idle, greeting, sleeping"),
        ("states.idle.glances", [1], "a number from 0 to 1"),
    ],
)
def test_a_value_out_of_range_is_told_with_file_key_and_range(write, key, value, permitted):
    content = value
    for name in reversed(key.split(".")):
        content = {name: content}
    path = write(yaml.safe_dump(content))
    with pytest.raises(ReactionsError) as error:
        load_reactions(path, SHIPPED)
    assert str(error.value) == f"{path}: {key} is {value!r}; permitted: {permitted}"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("emotions: {sad: {colour: blue}}", ["emotions.sad.colour", '"#rrggbb"', "'blue'"]),
        ("emotions: {sad: {\n colour: #0000ff\n }}", ["emotions.sad.colour is None", "quotes"]),
        ("emotions: {sad: {color: red}}", ["emotions.sad.color is not known", "colour, bright"]),
        ("emotions: {joyful: {speed: 1}}", ["emotions.joyful is not known", "happy"]),
        ("emotions: {sad: {sentences: [one, 2]}}", ["emotions.sad.sentences.1 is 2", "200 char"]),
        ("emotions: {sad: {sentences: ['']}}", ["emotions.sad.sentences.0", "one line"]),
        ("sates: {}", ["sates is not known", "states"]),
        ("just text", ["keys and values"]),
        ("a: [1", ["line 1", "no valid YAML"]),
        ("!!python/object/apply:os.getcwd []", ["no valid YAML"]),
    ],
)
def test_a_mistake_is_told_with_file_key_and_what_is_permitted(write, text, parts):
    path = write(text)
    with pytest.raises(ReactionsError) as error:
        load_reactions(path, SHIPPED)
    message = str(error.value)
    assert message.startswith(f"{path}:")
    for part in parts:
        assert part in message, message


def test_a_file_on_its_own_must_be_complete(write):
    with pytest.raises(ReactionsError, match=r"mine\.yaml: motion is missing"):
        load_reactions(write("emotions: {}"))


def test_a_missing_emotion_is_named(write):
    text = SHIPPED.read_text()
    with pytest.raises(ReactionsError, match="emotions lacks surprise"):
        load_reactions(write(text[: text.index("  surprise:")]))


def test_several_mistakes_are_counted(write):
    with pytest.raises(ReactionsError, match=r"\(and 1 more\)"):
        load_reactions(write("times: {rest: -1, lost: -1}"), SHIPPED)


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(ReactionsError, match=r"absent\.yaml: cannot be read"):
        load_reactions(tmp_path / "absent.yaml")
