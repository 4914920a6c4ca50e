import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion_core.head.gaze import GazeController, GazeOutput, GazeParameters, GazeState

pytestmark = pytest.mark.unit

FRAME = 1 / 30


class Scenario:
    """Drives a controller at the frame rate."""

    def __init__(self, parameters: GazeParameters | None = None) -> None:
        self.controller = GazeController(parameters)
        self.time = 100.0
        self.output = self.controller.target(self.time)

    def watch(
        self, duration: float, face: str | None, bearing: tuple[float, float] | None
    ) -> list[GazeOutput]:
        outputs = []
        for _ in range(round(duration / FRAME)):
            self.time += FRAME
            self.controller.observe(self.time, face, bearing)
            self.output = self.controller.target(self.time)
            outputs.append(self.output)
        return outputs

    def wait(self, duration: float) -> list[GazeOutput]:
        outputs = []
        for _ in range(round(duration / FRAME)):
            self.time += FRAME
            self.output = self.controller.target(self.time)
            outputs.append(self.output)
        return outputs


def test_rests_at_home_without_faces() -> None:
    scenario = Scenario(GazeParameters(home_pan=0.1, home_tilt=0.2))
    scenario.watch(1.0, None, None)
    assert scenario.output == GazeOutput(GazeState.IDLE, 0.1, 0.2, "", 0.1, 0.2)


def test_turns_to_a_face_and_stays() -> None:
    scenario = Scenario()
    scenario.watch(1.0, "a", (0.5, 0.2))
    assert scenario.output.state is GazeState.TRACKING
    assert scenario.output.face_id == "a"
    assert (scenario.output.pan, scenario.output.tilt) == pytest.approx((0.5, 0.2), abs=0.006)
    assert (scenario.output.target_pan, scenario.output.target_tilt) == pytest.approx((0.5, 0.2))


def test_small_deviations_do_not_move_a_resting_head() -> None:
    scenario = Scenario()
    scenario.watch(2.0, "a", (0.3, 0.0))
    resting = scenario.output.pan
    for step in range(60):
        offset = math.radians(0.6) * (-1) ** step
        scenario.watch(FRAME, "a", (0.3 + offset, 0.0))
        assert scenario.output.pan == resting


def test_holds_then_returns_then_idles() -> None:
    scenario = Scenario(GazeParameters(hold_duration=2.0, return_speed=0.4))
    scenario.watch(1.0, "a", (0.4, 0.1))
    held = scenario.watch(2.0 - FRAME, None, None)
    states = [output.state for output in held]
    assert states[:5] == [GazeState.TRACKING] * 5, "a few missing pictures are no loss"
    assert set(states[7:]) == {GazeState.HOLDING}
    assert {output.face_id for output in held} == {"a"}
    assert held[-1].pan == pytest.approx(0.4, abs=0.006)
    back = scenario.watch(3.0, None, None)
    states = [output.state for output in back]
    assert states[-1] is GazeState.IDLE
    first = states.index(GazeState.RETURNING)
    assert first <= 2
    assert {output.face_id for output in back[first:]} == {""}
    pans = [output.pan for output in back]
    speeds = [abs(b - a) / FRAME for a, b in itertools.pairwise(pans)]
    assert max(speeds) <= 0.4 + 1e-9
    assert pans[-1] == pytest.approx(0.0, abs=1e-3)


def test_face_that_returns_in_time_is_followed_at_once() -> None:
    scenario = Scenario()
    scenario.watch(1.0, "a", (0.4, 0.1))
    scenario.watch(1.0, None, None)
    scenario.watch(FRAME, "a", (0.4, 0.1))
    assert scenario.output.state is GazeState.TRACKING


def test_face_on_the_way_home_is_followed_at_once() -> None:
    scenario = Scenario()
    scenario.watch(1.0, "a", (0.4, 0.1))
    scenario.watch(2.4, None, None)
    assert scenario.output.state is GazeState.RETURNING
    scenario.watch(FRAME, "b", (-0.2, 0.1))
    assert scenario.output.state is GazeState.TRACKING
    assert scenario.output.face_id == "b"
    assert scenario.output.target_pan == pytest.approx(-0.2)


def test_silence_counts_as_loss() -> None:
    scenario = Scenario(GazeParameters(silence_timeout=0.5))
    scenario.watch(1.0, "a", (0.4, 0.1))
    quiet = scenario.wait(0.6)
    assert quiet[5].state is GazeState.TRACKING
    assert quiet[-1].state is GazeState.HOLDING


def test_late_pictures_are_no_silence() -> None:
    controller = GazeController(GazeParameters(silence_timeout=0.5))
    for step in range(60):
        controller.observe(10.0 + step * FRAME, "a", (0.2, 0.0))
        output = controller.target(10.8 + step * FRAME)
    assert output.state is GazeState.TRACKING
    assert output.pan == pytest.approx(0.2, abs=0.006)


def test_lost_while_moving_is_held_where_last_seen() -> None:
    scenario = Scenario()
    pan = 0.0
    for _ in range(60):
        pan += 0.4 * FRAME
        scenario.watch(FRAME, "a", (pan, 0.0))
    scenario.watch(1.0, None, None)
    assert scenario.output.target_pan == pytest.approx(pan, abs=0.01)
    assert scenario.output.pan == pytest.approx(pan, abs=math.radians(1.0))


def test_unknown_bearing_keeps_a_followed_face() -> None:
    scenario = Scenario()
    scenario.watch(1.0, "a", (0.4, 0.1))
    scenario.watch(3.0, "a", None)
    assert scenario.output.state is GazeState.TRACKING
    assert scenario.output.pan == pytest.approx(0.4, abs=0.006)


def test_unknown_bearing_of_a_new_face_changes_nothing() -> None:
    scenario = Scenario()
    scenario.watch(1.0, "b", None)
    assert scenario.output.state is GazeState.IDLE
    scenario.watch(1.0, "a", (0.4, 0.1))
    scenario.watch(0.2, "b", None)
    assert scenario.output.face_id == "a"
    assert scenario.output.target_pan == pytest.approx(0.4)


def test_other_face_is_a_new_target_not_a_movement() -> None:
    scenario = Scenario()
    scenario.watch(2.0, "a", (-0.3, 0.0))
    outputs = scenario.watch(2.0, "b", (0.3, 0.0))
    assert max(output.pan for output in outputs) < 0.3 + math.radians(0.3)
    assert outputs[-1].face_id == "b"


def test_set_point_stays_within_the_head() -> None:
    scenario = Scenario()
    limits = scenario.controller.parameters.limits
    outputs = scenario.watch(3.0, "a", (2.5, -1.4))
    assert max(output.pan for output in outputs) <= limits.pan.maximum
    assert min(output.tilt for output in outputs) >= limits.tilt.minimum
    assert outputs[-1].pan == pytest.approx(limits.pan.maximum, abs=0.01)
    back = scenario.watch(0.3, "a", (1.0, 0.0))
    assert back[-1].pan < limits.pan.maximum - 0.05, "it must not wind up beyond the limit"


def test_prediction_can_be_switched_off() -> None:
    leads = []
    for limit in (0.35, 0.0):
        scenario = Scenario(GazeParameters(prediction_limit=limit))
        pan = 0.0
        for _ in range(90):
            pan += 0.4 * FRAME
            scenario.watch(FRAME, "a", (pan, 0.0))
        late = scenario.controller.target(scenario.time + 0.1)
        leads.append(late.target_pan - pan)
    assert leads[0] == pytest.approx(0.04, abs=0.01)
    assert leads[1] == pytest.approx(0.0, abs=0.01)


def test_pictures_out_of_order_are_ignored() -> None:
    scenario = Scenario()
    scenario.watch(1.0, "a", (0.4, 0.1))
    scenario.controller.observe(scenario.time - 0.1, "a", (-0.4, 0.1))
    scenario.controller.observe(scenario.time, "a", (-0.4, 0.1))
    assert scenario.controller.target(scenario.time).target_pan == pytest.approx(0.4)


def test_clock_set_back_starts_anew_without_a_jerk() -> None:
    scenario = Scenario()
    scenario.watch(1.0, "a", (0.4, 0.1))
    pan = scenario.output.pan
    scenario.time = 5.0
    first = scenario.watch(FRAME, "a", (0.4, 0.1))[0]
    assert first.state is GazeState.TRACKING
    assert first.pan == pytest.approx(pan, abs=0.02)


def test_takes_over_a_head_that_points_elsewhere() -> None:
    controller = GazeController()
    controller.start_from(0.8, -0.2)
    output = controller.target(50.0)
    assert (output.pan, output.tilt) == (0.8, -0.2)
    assert output.state is GazeState.RETURNING
    for step in range(300):
        output = controller.target(50.0 + step * FRAME)
    assert output.state is GazeState.IDLE
    assert output.pan == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize(
    "settings",
    [
        {"dead_band": -0.1},
        {"max_speed": 0.0},
        {"max_acceleration": math.nan},
        {"return_speed": -1.0},
        {"hold_duration": math.inf},
        {"silence_timeout": 0.0},
        {"home_pan": 3.0},
        {"home_tilt": math.nan},
    ],
)
def test_impossible_settings(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"gaze: {next(iter(settings))}"):
        GazeParameters(**settings)


def test_numbers_that_are_none() -> None:
    controller = GazeController()
    with pytest.raises(ValueError, match="not finite"):
        controller.observe(1.0, "a", (math.nan, 0.0))
    with pytest.raises(ValueError, match="not finite"):
        controller.observe(math.nan, None, None)
    with pytest.raises(ValueError, match="not finite"):
        controller.target(math.inf)


events = st.tuples(
    st.floats(-1.0, 1.0),
    st.sampled_from([None, "a", "b"]),
    st.none() | st.tuples(st.floats(-3.1, 3.1), st.floats(-1.5, 1.5)),
)


@settings(deadline=None)
@given(st.lists(events, max_size=20))
def test_whatever_comes_the_set_point_is_finite_bounded_and_continuous(
    sequence: list[tuple[float, str | None, tuple[float, float] | None]],
) -> None:
    controller = GazeController()
    p = controller.parameters
    time = 10.0
    last = controller.target(time)
    for step, face, bearing in sequence:
        controller.observe(time + step, face, bearing)
        time = time + max(step, 0.0)
        output = controller.target(time)
        assert p.limits.pan.minimum - 1e-9 <= output.pan <= p.limits.pan.maximum + 1e-9
        allowed = p.max_speed * max(step, 0.0) + 1e-9
        assert abs(output.pan - last.pan) <= allowed
        assert abs(output.tilt - last.tilt) <= allowed
        assert (output.face_id != "") == (output.state in (GazeState.TRACKING, GazeState.HOLDING))
        last = output
