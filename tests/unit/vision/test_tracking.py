from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from painted_world import FRAME_RATE, HEIGHT, WIDTH, Oracle, face, ids, paint, play

from emotion_core.vision.detection import Detection
from emotion_core.vision.geometry import Box, intersection_over_union
from emotion_core.vision.tracking import FaceSource, FaceTracker, TrackerParameters

pytestmark = pytest.mark.unit

STILL = {"red": face(320, 240)}


def sources(reported: list) -> list[FaceSource]:
    return [faces[0].source for faces in reported if faces]


def test_a_face_is_reported_from_the_first_frame_with_one_id() -> None:
    reported = play(lambda _: STILL, 2.0)
    assert [len(faces) for faces in reported] == [1] * 50
    assert len(ids(reported)) == 1


def test_the_detector_runs_rarely_and_says_so() -> None:
    oracle = Oracle()
    reported = play(lambda _: STILL, 4.0, TrackerParameters(detection_interval=0.4), oracle)
    assert oracle.detections == 10
    assert sources(reported).count(FaceSource.DETECTED) == 10
    assert sources(reported).count(FaceSource.TRACKED) == 90


def test_age_counts_from_the_first_report() -> None:
    reported = play(lambda _: STILL, 1.0)
    assert [faces[0].age for faces in reported] == pytest.approx(
        [index / FRAME_RATE for index in range(25)]
    )


@pytest.mark.parametrize("speed", [50, 400, 1200])
def test_a_moving_face_is_followed_without_lag(speed: float) -> None:
    def swing(t: float) -> Mapping[str, Box]:
        return {"red": face(320 + 180 * math.sin(speed / 180 * t), 240)}

    reported = play(swing, 4.0)
    assert len(ids(reported)) == 1
    for index, faces in enumerate(reported):
        truth = swing(index / FRAME_RATE)["red"]
        assert intersection_over_union(faces[0].box, truth) > 0.9


def test_jitter_of_the_measurement_is_damped() -> None:
    oracle = Oracle(jitter=2.0)
    reported = play(lambda _: STILL, 8.0, oracle=oracle)
    x = np.array([faces[0].box.x for faces in reported[10:]])
    assert np.std(x) < 0.75 * 2.0


def test_landmarks_move_with_the_face() -> None:
    reported = play(lambda t: {"red": face(200 + 100 * t, 240)}, 2.0)
    for faces in reported:
        relative = (faces[0].landmarks[2] - [faces[0].box.x, faces[0].box.y]) / 100
        assert relative == pytest.approx([0.5, 0.6], abs=0.05)


def test_a_hidden_face_is_predicted_and_keeps_its_id() -> None:
    reported = play(lambda t: {} if 1.0 <= t < 1.8 else STILL, 3.0)
    assert len(ids(reported)) == 1
    hidden = reported[25:45]
    assert all(faces[0].source is FaceSource.PREDICTED for faces in hidden)
    assert all(intersection_over_union(faces[0].box, STILL["red"]) > 0.8 for faces in hidden)
    assert reported[-1][0].source is not FaceSource.PREDICTED


def test_a_hidden_face_does_not_return_on_a_doubtful_sight() -> None:
    class Doubtful(Oracle):
        def detect(self, _image: np.ndarray) -> list[Detection]:
            return super().detect(_image) if self.confidence > 0.9 else []

    oracle = Doubtful()
    tracker = FaceTracker(oracle, oracle)
    oracle.visible = STILL
    reported = []
    for index in range(60):
        covered = 25 <= index < 45
        oracle.confidence = 0.3 if index == 25 else 0.85 if covered else 0.99
        reported.append(tracker.update(paint(STILL), index / FRAME_RATE))
    assert all(faces[0].source is FaceSource.PREDICTED for faces in reported[25:45])
    assert reported[45][0].source is not FaceSource.PREDICTED
    assert len(ids(reported)) == 1


def test_prediction_is_bounded_and_the_id_returns_within_memory() -> None:
    parameters = TrackerParameters(prediction_limit=0.5, memory=3.0)
    reported = play(lambda t: {} if 1.0 <= t < 3.5 else STILL, 5.0, parameters)
    assert len(ids(reported)) == 1
    assert [len(faces) for faces in reported[40:85]] == [0] * 45
    assert len(reported[-1]) == 1


def test_after_memory_has_run_out_the_face_is_a_new_one() -> None:
    reported = play(lambda t: {} if 1.0 <= t < 4.5 else STILL, 6.0, TrackerParameters(memory=3.0))
    assert len(ids(reported)) == 2
    assert reported[0][0].id != reported[-1][0].id


def test_another_person_at_the_same_place_gets_another_id() -> None:
    reported = play(lambda t: {("red" if t < 1.1 else "green"): face(320, 240)}, 3.0)
    assert reported[0][0].id != reported[-1][0].id
    assert len(reported[-1]) == 1


@pytest.mark.parametrize("moment", [1.0, 1.12, 1.24, 1.36])
def test_a_jump_across_the_picture_keeps_the_id(moment: float) -> None:
    reported = play(lambda t: {"red": face(120 if t < moment else 500, 240)}, 2.5)
    assert len(ids(reported)) == 1
    assert reported[-1][0].box.center == pytest.approx((500, 240), abs=2)
    late = reported[round((moment + 0.13) * FRAME_RATE) :]
    assert all(abs(faces[0].box.center[0] - 500) < 5 for faces in late)


def test_a_jump_does_not_throw_the_face_off_its_new_place() -> None:
    # The leap must not be taken for a velocity.
    oracle = Oracle()
    tracker = FaceTracker(oracle, oracle)
    for index in range(60):
        oracle.visible = {"red": face(120 if index < 30 else 500, 240)}
        frame = paint(oracle.visible)
        asked_before = oracle.verifications
        tracker.update(frame, index / FRAME_RATE)
        if index > 33:
            assert oracle.verifications - asked_before == 1


def test_several_faces_keep_their_ids() -> None:
    def script(t: float) -> Mapping[str, Box]:
        return {
            "red": face(120 + 30 * math.sin(3 * t), 120, 80),
            "green": face(330, 320 + 40 * math.sin(2 * t), 110),
            "blue": face(540 - 20 * math.sin(t), 150, 60),
        }

    reported = play(script, 4.0)
    assert all(len(faces) == 3 for faces in reported)
    for index, faces in enumerate(reported):
        truth = list(script(index / FRAME_RATE).values())
        by_id = sorted(faces, key=lambda f: f.id)
        first = sorted(reported[0], key=lambda f: f.id)
        for now, then in zip(by_id, first, strict=True):
            column = [intersection_over_union(then.box, box) for box in script(0.0).values()]
            assert intersection_over_union(now.box, truth[int(np.argmax(column))]) > 0.8


def test_people_who_pass_each_other_do_not_swap_ids() -> None:
    def script(t: float) -> Mapping[str, Box]:
        shown = {"green": face(120 + 100 * t, 235, 90), "red": face(520 - 100 * t, 245, 100)}
        if intersection_over_union(shown["green"], shown["red"]) > 0.25:
            del shown["green"]
        return shown

    reported = play(script, 4.0)
    right, left = (max(reported[0], key=lambda f: f.box.x), min(reported[0], key=lambda f: f.box.x))
    after = {f.id: f.box.center[0] for f in reported[-1]}
    assert len(ids(reported)) == 2
    assert after[right.id] < after[left.id]


def test_no_two_reported_faces_lie_on_each_other() -> None:
    def script(t: float) -> Mapping[str, Box]:
        return {"green": face(170 + 60 * t, 240), "red": face(420 - 60 * t, 240)}

    for faces in play(script, 4.0):
        boxes = [f.box for f in faces]
        for index, one in enumerate(boxes):
            assert all(intersection_over_union(one, other) < 0.6 for other in boxes[index + 1 :])


def test_a_doubtful_detection_is_not_reported_before_it_is_confirmed() -> None:
    oracle = Oracle(confidence=0.8)
    reported = play(lambda _: STILL, 1.0, TrackerParameters(confirmation_frames=4), oracle)
    assert [len(faces) for faces in reported[:5]] == [0, 0, 0, 1, 1]


def test_a_flash_of_a_doubtful_detection_is_never_reported() -> None:
    oracle = Oracle(confidence=0.8)
    reported = play(lambda t: STILL if t < 0.05 else {}, 1.0, oracle=oracle)
    assert ids(reported) == set()


def test_what_only_the_verifier_sees_is_dropped() -> None:
    class Blind(Oracle):
        def detect(self, _image: np.ndarray) -> list[Detection]:
            return super().detect(_image) if self.detections < 1 else []

    oracle = Blind(confidence=0.85)
    reported = play(lambda _: STILL, 4.0, TrackerParameters(support_limit=4), oracle)
    assert len(reported[25]) == 1
    assert reported[-1] == []


def test_the_number_of_faces_is_bounded() -> None:
    places = {"red": face(120, 240, 60), "green": face(300, 240, 110), "blue": face(500, 240, 80)}
    reported = play(lambda _: places, 1.0, TrackerParameters(maximum_faces=2))
    assert all(len(faces) == 2 for faces in reported)
    assert {round(f.box.width) for f in reported[-1]} == {110, 80}


def test_ids_are_never_given_twice() -> None:
    oracle = Oracle()
    tracker = FaceTracker(oracle, oracle, TrackerParameters(memory=0.2, prediction_limit=0.1))
    given_ids = []
    for index in range(200):
        oracle.visible = STILL if index % 20 < 10 else {}
        given_ids += [f.id for f in tracker.update(paint(oracle.visible), index / FRAME_RATE)]
    changes = [one for one, last in zip(given_ids[1:], given_ids, strict=False) if one != last]
    assert len(changes) == len(set(changes)) == 9


def test_the_id_prefix_keeps_runs_apart() -> None:
    oracle = Oracle(visible=STILL)
    tracker = FaceTracker(oracle, oracle, id_prefix="run7_")
    assert tracker.update(paint(STILL), 0.0)[0].id.startswith("run7_")


def test_a_clock_that_goes_back_starts_anew_with_fresh_ids() -> None:
    oracle = Oracle(visible=STILL)
    tracker = FaceTracker(oracle, oracle)
    first = tracker.update(paint(STILL), 100.0)[0]
    second = tracker.update(paint(STILL), 5.0)[0]
    assert first.id != second.id
    assert second.age == 0.0


def test_the_same_frames_give_the_same_result() -> None:
    def script(t: float) -> Mapping[str, Box]:
        return {"red": face(200 + 90 * t, 240), **({"blue": face(500, 120)} if t > 0.5 else {})}

    def record() -> list:
        return [
            [(f.id, f.box, f.confidence, f.source, f.landmarks.tolist()) for f in faces]
            for faces in play(script, 2.0, oracle=Oracle(jitter=1.0))
        ]

    assert record() == record()


def test_a_change_of_the_frame_size_keeps_the_face() -> None:
    oracle = Oracle()
    tracker = FaceTracker(oracle, oracle)
    seen = []
    for index in range(40):
        factor = 1.0 if index < 20 else 0.5
        oracle.visible = {"red": face(320 * factor, 240 * factor, 100 * factor)}
        size = (round(WIDTH * factor), round(HEIGHT * factor))
        seen.append(tracker.update(paint(oracle.visible, size), index / FRAME_RATE))
    assert len(ids(seen)) == 1
    assert seen[-1][0].box.center == pytest.approx((160, 120), abs=1)
    assert seen[20][0].source is FaceSource.DETECTED


@pytest.mark.parametrize(
    ("frame", "word"),
    [
        (np.zeros((48, 48), np.uint8), "shape"),
        (np.zeros((48, 48, 4), np.uint8), "shape"),
        (np.zeros((0, 48, 3), np.uint8), "shape"),
        (np.zeros((48, 48, 3), np.float32), "uint8"),
        ("no frame", "numpy array"),
    ],
)
def test_a_wrong_frame_is_refused_and_changes_nothing(frame: object, word: str) -> None:
    oracle = Oracle(visible=STILL)
    tracker = FaceTracker(oracle, oracle)
    before = tracker.update(paint(STILL), 0.0)[0]
    with pytest.raises(ValueError, match=word):
        tracker.update(frame, 0.04)  # type: ignore[arg-type]
    assert tracker.update(paint(STILL), 0.04)[0].id == before.id


@pytest.mark.parametrize("time", [math.nan, math.inf, -math.inf])
def test_a_time_that_is_no_number_is_refused(time: float) -> None:
    oracle = Oracle()
    with pytest.raises(ValueError, match="finite"):
        FaceTracker(oracle, oracle).update(paint({}), time)


class Liar:
    """A detector and verifier whose answers are arbitrary."""

    def __init__(self, draw: st.DataObject) -> None:
        self._draw = draw
        number = st.floats(-1e4, 1e4) | st.sampled_from([math.nan, math.inf, 0.0])
        self._answers = st.builds(
            lambda x, y, w, h, p, m: Detection(Box(x, y, w, h), p, np.full((5, 2), m, np.float32)),
            number,
            number,
            number.map(abs),
            number.map(abs),
            st.floats(0, 1),
            number,
        )

    def detect(self, _image: np.ndarray) -> list[Detection]:
        return self._draw.draw(st.lists(self._answers, max_size=4))

    def verify(self, _image: np.ndarray, boxes: list[Box]) -> list[Detection]:
        return [self._draw.draw(self._answers) for _ in boxes]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_answer_of_a_detector_makes_nonsense_come_out(data: st.DataObject) -> None:
    liar = Liar(data)
    tracker = FaceTracker(liar, liar, TrackerParameters(detection_interval=0.05))
    known: set[str] = set()
    time = 0.0
    for _ in range(6):
        size = data.draw(st.tuples(st.integers(1, 90), st.integers(1, 90)))
        time += data.draw(st.floats(0, 2))
        faces = tracker.update(paint({}, size), time)
        assert len({f.id for f in faces}) == len(faces) <= 10
        for f in faces:
            assert all(map(math.isfinite, (f.box.x, f.box.y, f.box.width, f.box.height, f.age)))
            assert 0 <= f.confidence <= 1
            assert f.age >= 0
            assert np.isfinite(f.landmarks).all()
            known.add(f.id)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("detection_interval", 0.0),
        ("detection_interval", math.nan),
        ("verification_threshold", 1.5),
        ("confirmation_frames", 0),
        ("measurement_weight", 0.0),
        ("prediction_limit", 9.0),
        ("support_limit", 0),
        ("maximum_faces", 0),
    ],
)
def test_parameters_out_of_range_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        TrackerParameters(**{name: value})
