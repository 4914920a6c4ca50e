"""Whatever people do and whatever the reactions say: head and posture keep their limits."""

import math
import random
from itertools import pairwise

import pytest
from driving import LABELS, PERIOD, SHIPPED, probabilities
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion_core.behaviour.companion import Companion
from emotion_core.behaviour.offset import Offset, add_to_gaze
from emotion_core.behaviour.people import SeenFace
from emotion_core.behaviour.reactions import Reactions
from emotion_core.behaviour.reactions_file import load_reactions
from emotion_core.behaviour.tree import Request
from emotion_core.head.limits import ANGLE_UNIT, HeadLimits
from emotion_core.head.virtual import VirtualHead

pytestmark = pytest.mark.unit

LIMITS = HeadLimits()
LONGEST_STEP = 0.1

reaction = st.fixed_dictionaries(
    {
        "pose": st.fixed_dictionaries(
            {"pan_deg": st.floats(-30.0, 30.0), "tilt_deg": st.floats(-30.0, 30.0)}
        ),
        "nod": st.fixed_dictionaries(
            {
                "count": st.integers(0, 5),
                "depth_deg": st.floats(0.0, 15.0),
                "period": st.floats(0.4, 3.0),
            }
        ),
        "speed": st.floats(0.1, 1.0),
        "breathing": st.floats(0.0, 2.0),
        "glances": st.floats(0.0, 1.0),
    }
)


@st.composite
def any_reactions(draw):
    """The shipped times with any poses, nods, speeds and shares that a file may hold."""
    content = load_reactions(SHIPPED).model_dump(mode="json")
    for section in ("states", "emotions"):
        content[section] = {name: draw(reaction) for name in content[section]}
    content["motion"]["speed_share"] = draw(st.floats(0.02, 0.5))
    content["motion"]["acceleration_share"] = draw(st.floats(0.02, 0.5))
    content["expression"]["hold"] = 0.0
    return Reactions.model_validate(content)


face_ids = st.sampled_from(["", "ann", "bob", "zoë"])
angles = st.floats(-4.0, 4.0)
events = st.one_of(
    st.tuples(st.just("faces"), st.lists(face_ids, max_size=4)),
    st.tuples(
        st.just("express"),
        face_ids,
        st.sampled_from(LABELS),
        st.floats(0.15, 1.0),
        st.integers(1, 40),
    ),
    st.tuples(st.just("gaze"), face_ids, angles, angles),
    st.tuples(st.just("voice"), st.booleans()),
    st.tuples(st.just("request"), st.sampled_from(Request)),
    st.tuples(st.just("wait"), st.floats(-100.0, 100.0)),
    st.tuples(st.just("run"), st.integers(1, 60)),
)


class Robot:
    """A companion whose postures are checked one by one."""

    def __init__(self, reactions):
        self.reactions = reactions
        self.companion = Companion(reactions, LIMITS)
        self.time = 0.0
        self.gaze = Offset()
        self.showing = {}
        self.before = self.companion.update(0.0)
        self.last_speeds = (0.0, 0.0)
        self.last_duration = PERIOD

    def apply(self, event):
        match event:
            case ("faces", ids):
                self.showing = {i: self.showing.get(i, probabilities("neutral", 0.9)) for i in ids}
            case ("express", face_id, label, confidence, ticks):
                self.showing[face_id] = probabilities(label, confidence)
                self.run(ticks)
            case ("gaze", face_id, pan, tilt):
                self.gaze = Offset(pan, tilt)
                self.companion.observe_gaze(face_id, pan, tilt)
            case ("voice", active):
                self.companion.observe_voice(self.time, active)
            case ("request", request):
                self.companion.request(request)
            case ("wait", seconds):
                self.time += seconds
                self.tick()
            case ("run", ticks):
                self.run(ticks)

    def run(self, ticks):
        for _ in range(ticks):
            self.time += PERIOD
            self.companion.observe_faces(self.time, [SeenFace(i, 0.1) for i in self.showing])
            for face_id, values in self.showing.items():
                self.companion.observe_expression(self.time, face_id, values)
            self.tick()

    def tick(self):
        posture = self.companion.update(self.time)
        self.check(posture)
        self.before = posture

    def check(self, posture):
        motion = self.reactions.motion
        duration = min(max(posture.time - self.before.time, 0.0), LONGEST_STEP)
        moves = (
            (posture.offset.pan - self.before.offset.pan, LIMITS.pan),
            (posture.offset.tilt - self.before.offset.tilt, LIMITS.tilt),
        )
        speeds = []
        for (move, axis), last_speed in zip(moves, self.last_speeds, strict=True):
            assert abs(move) <= axis.max_velocity * motion.speed_share * duration + 1e-9
            if duration == 0.0:
                speeds.append(last_speed)
                continue
            speeds.append(move / duration)
            # Mean speeds of neighbouring steps lie half of each step apart.
            between = (duration + self.last_duration) / 2 + 0.01 * (duration != self.last_duration)
            change = axis.max_acceleration * motion.acceleration_share * between
            assert abs(speeds[-1] - last_speed) <= change + 1e-6
        self.last_speeds = tuple(speeds)
        self.last_duration = duration or self.last_duration
        total = add_to_gaze(self.gaze, posture.offset, LIMITS)
        assert LIMITS.pan.clamp(total.pan) == total.pan
        assert LIMITS.tilt.clamp(total.tilt) == total.tilt
        assert 0.0 < posture.speed <= 1.0
        assert all(0.0 <= value <= 1.0 for value in (*posture.rgb, posture.brightness))


@settings(max_examples=60, deadline=None)
@given(any_reactions(), st.lists(events, max_size=25))
def test_the_posture_asks_for_no_more_than_its_share_of_the_head(reactions, sequence):
    robot = Robot(reactions)
    try:
        for event in sequence:
            robot.apply(event)
    finally:
        robot.companion.close()


def test_at_the_end_of_the_range_the_posture_gives_way(companion):
    """A face straight below leaves no room for lowering the head further."""
    companion.observe_gaze("ann", 0.0, LIMITS.tilt.minimum)
    for tick in range(400):
        time = tick * PERIOD
        companion.observe_faces(time, [SeenFace("ann", 0.1)])
        companion.observe_expression(time, "ann", probabilities("sad", 0.9))
        posture = companion.update(time)
    assert posture.emotion.value == "sad"
    assert posture.offset.tilt >= -1e-9


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_numbers_that_are_none_are_refused(companion, value):
    with pytest.raises(ValueError, match="finite"):
        companion.update(value)
    with pytest.raises(ValueError, match="finite"):
        companion.observe_faces(value, [])
    with pytest.raises(ValueError, match="finite"):
        companion.observe_expression(value, "ann", probabilities("sad", 0.9))
    with pytest.raises(ValueError, match="finite"):
        companion.observe_gaze("ann", 0.0, value)
    with pytest.raises(ValueError, match="finite"):
        companion.observe_voice(value, True)


SHARDS = 8
SEQUENCES = 100_000
FRAME = 0.02


def check_pulses(pulses):
    """Range, speed and acceleration of servo pulses, each rounded to a unit of the wire."""
    for number, axis in enumerate((LIMITS.pan, LIMITS.tilt)):
        angles = [pulse[number] for pulse in pulses]
        assert axis.minimum - ANGLE_UNIT <= min(angles) <= max(angles) <= axis.maximum + ANGLE_UNIT
        speeds = [(b - a) / FRAME for a, b in pairwise(angles)]
        assert max(map(abs, speeds), default=0.0) <= axis.max_velocity + ANGLE_UNIT / FRAME
        changes = [abs(b - a) / FRAME for a, b in pairwise(speeds)]
        rounding = 2 * ANGLE_UNIT / FRAME**2
        assert max(changes, default=0.0) <= axis.max_acceleration + rounding


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(SHARDS))
def test_the_head_never_exceeds_its_limits(shipped, shard):
    """10⁵ random sequences of expressions, faces, voices, looks and requests on the head's profile.

    Sequences follow each other without a pause, so each begins in whatever state the last one left.
    """
    source = random.Random(shard)
    clock = [0.0]
    companion = Companion(shipped, LIMITS)
    head = VirtualHead(lambda: clock[0], LIMITS)
    head.open()
    answered, tick, sequences = set(), 0, 0
    gaze = Offset()
    label = "neutral"
    pulses, frame = [head.position_at(0.0)], 0
    while sequences < SEQUENCES // SHARDS:
        sequences += 1
        # An expression often outlasts a sequence; otherwise none would ever be answered.
        if source.random() < 0.15:
            label = source.choice(LABELS)
        noise = source.uniform(0.0, 0.6)
        faces = [SeenFace(f"face{n}", 0.1) for n in range(source.choice((0, 1, 1, 1, 1, 2, 3)))]
        if source.random() < 0.3:
            gaze = Offset(source.uniform(-2.0, 2.0), source.uniform(-1.0, 1.0))
            companion.observe_gaze("face0", gaze.pan, gaze.tilt)
        if source.random() < 0.01:
            companion.request(source.choice(list(Request)))
        elif source.random() < 0.05:
            companion.request(Request.WAKE)
        speaking = source.random() < 0.3
        for _ in range(source.randint(2, 12)):
            tick += 1
            time = clock[0] = tick * PERIOD
            shown = source.choice(LABELS) if source.random() < noise else label
            companion.observe_faces(time, faces)
            for face in faces:
                values = probabilities(shown, source.uniform(0.2, 1.0))
                companion.observe_expression(time, face.id, values)
            companion.observe_voice(time, speaking)
            posture = companion.update(time)
            total = add_to_gaze(gaze, posture.offset, LIMITS)
            head.command(total.pan, total.tilt, (0.0, 0.0, 0.0), tick)
            assert not head.state().limited
            answered.add(posture.emotion)
            while (frame + 1) * FRAME <= time:
                frame += 1
                pulses.append(head.position_at(frame * FRAME + 1e-4))
        check_pulses(pulses)
        # The newest two pulses give the next sequence its speed.
        del pulses[:-2]
    companion.close()
    assert len(answered) == len(LABELS) + 1, "every expression was answered in some sequence"
