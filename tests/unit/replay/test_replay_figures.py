import math

import pytest
from runs import FRAME, a_run

from emotion_core.replay import figures
from emotion_core.replay.figures import FigureError
from emotion_core.replay.run_record import DiagnosticLevel, FaceExpression, RunRecord, agreement

pytestmark = pytest.mark.unit

RUN = a_run()
EMPTY = RunRecord()
END = math.inf


def test_label_fraction_counts_the_main_face_in_the_span():
    assert figures.label_fraction(RUN, "sad", "main", 1.0, 3.9) == 1
    assert figures.label_fraction(RUN, "sad", "main", 2.0, 5.99) == pytest.approx(0.5, abs=0.01)
    assert figures.label_fraction(RUN, "happy", "f2", 0.0, END) == 1
    assert figures.label_fraction(RUN, "happy", "any", 7.5, 8.5) == 1


def test_label_changes():
    assert figures.label_changes(RUN, "main", 0.0, END) == 2
    assert figures.label_changes(RUN, "main", 0.0, 3.0) == 0
    # Another face is no change.
    assert figures.label_changes(RUN, "any", 7.5, 9.0) == 0


def test_ids_per_person():
    assert figures.ids_per_person(RUN, 1, 0.0, END) == 2
    assert figures.ids_per_person(RUN, 2, 0.0, END) == 1
    assert figures.ids_per_person(RUN, 1, 0.0, 7.9) == 1


def test_frames_with_face():
    assert figures.frames_with_face(RUN, 0.0, END) == pytest.approx(0.9, abs=0.01)
    assert figures.frames_with_face(RUN, 6.05, 6.95) == 0


def test_latency_is_a_percentile_in_milliseconds():
    assert figures.latency_ms(RUN, "faces", 100, 0, END) == pytest.approx(19)
    assert figures.latency_ms(RUN, "faces", 0, 0, END) == pytest.approx(10)
    assert figures.latency_ms(RUN, "expression", 95, 0, END) == pytest.approx(30)
    assert figures.latency_ms(RUN, "head_ack", 95, 0, END) == pytest.approx(35)
    # The set-points between two frames are no answer to the frame.
    assert figures.latency_ms(RUN, "head_command", 100, 0, END) == pytest.approx(20)


def test_the_head_after_a_jump():
    step = figures.head_step(RUN, "pan", 2.0, 4.0, 0.03)
    assert step.amplitude == pytest.approx(0.5)
    assert step.overshoot == pytest.approx(0.05, abs=0.02)
    assert 0.3 < step.settling_time < 0.8


def test_a_head_that_never_settles_takes_for_ever():
    assert math.isinf(figures.head_step(RUN, "pan", 2.0, 2.2, 0.001).settling_time)


def test_time_to_react():
    assert figures.head_reaction(RUN, "pan", 2.0, END, 0.02) == pytest.approx(0.12, abs=0.03)
    assert math.isinf(figures.head_reaction(RUN, "tilt", 2.0, END, 0.02))
    assert figures.label_reaction(RUN, "happy", "main", 4.0, END, 0.5) == pytest.approx(
        1, abs=FRAME
    )
    assert math.isinf(figures.label_reaction(RUN, "fear", "main", 4.0, END, 1.5))
    assert math.isinf(figures.label_reaction(RUN, "angry", "main", 0.0, END, 0.0))


def test_a_label_that_flickers_has_not_been_reached():
    run = RunRecord(
        expressions=[
            FaceExpression(0.1 * i, "f1", "happy" if i in (3, 4) or i >= 8 else "sad", 1.0, 0.0)
            for i in range(20)
        ]
    )
    assert figures.label_reaction(run, "happy", "main", 0.0, END, 0.5) == pytest.approx(0.8)


def test_rate():
    assert figures.rate(RUN, "expression", 0.0, END) == pytest.approx(25)
    assert figures.rate(RUN, "/expression", 2.0, 4.0) == pytest.approx(25, abs=0.6)


def test_diagnostics_above_a_level():
    assert figures.diagnostics_above(RUN, DiagnosticLevel.OK, "", 0, END) == 2
    assert figures.diagnostics_above(RUN, DiagnosticLevel.WARN, "", 0, END) == 1
    assert figures.diagnostics_above(RUN, DiagnosticLevel.OK, "camera", 0, END) == 1
    assert figures.diagnostics_above(RUN, DiagnosticLevel.OK, "", 2, 4) == 0


@pytest.mark.parametrize(
    "figure",
    [
        lambda run: figures.label_fraction(run, "sad", "main", 0, END),
        lambda run: figures.label_changes(run, "f9", 0, END),
        lambda run: figures.ids_per_person(run, 1, 0, END),
        lambda run: figures.frames_with_face(run, 0, END),
        lambda run: figures.latency_ms(run, "faces", 95, 0, END),
        lambda run: figures.head_step(run, "pan", 0, END),
        lambda run: figures.head_reaction(run, "pan", 0, END, 0.1),
        lambda run: figures.label_reaction(run, "sad", "main", 0, END, 0.1),
        lambda run: figures.rate(run, "expression", 0, END),
        lambda run: figures.diagnostics_above(run, DiagnosticLevel.OK, "", 0, END),
    ],
)
def test_a_run_without_data_is_not_judged(figure):
    with pytest.raises(FigureError):
        figure(EMPTY)


def test_agreement_is_the_share_of_frames_with_the_same_labels():
    other = a_run()
    other.expressions = [e._replace(face_id=f"run2-{e.face_id}") for e in other.expressions]
    assert agreement(RUN, other) == 1
    tenth = len(other.expressions) // 10
    other.expressions[:tenth] = [e._replace(label="angry") for e in other.expressions[:tenth]]
    assert agreement(RUN, other) == pytest.approx(0.9, abs=0.01)
    assert agreement(RUN, EMPTY) == 0
    assert math.isnan(agreement(EMPTY, EMPTY))
