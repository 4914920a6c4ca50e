"""A run made of plain numbers, for the tests of figures and checks."""

import math

from emotion_core.replay.run_record import (
    Acknowledgement,
    Command,
    Diagnostic,
    DiagnosticLevel,
    FaceExpression,
    FrameFaces,
    Gaze,
    HeadAngles,
    RunRecord,
)

FRAME = 0.04


def a_run(duration=10.0):
    """Sad for 4 s, happy from 5 s on, fear between; a second id from 8 s; a jump at 2 s."""
    run = RunRecord(duration=duration)
    for index in range(round(duration / FRAME)):
        time = index * FRAME
        face = "f1" if time < 8 else "f2"
        label = "sad" if time < 4 else "fear" if time < 5 else "happy"
        seen = not 6 <= time < 7
        run.faces.append(FrameFaces(time, (face,) if seen else (), 0.010 + 0.001 * (index % 10)))
        if seen:
            run.expressions.append(FaceExpression(time, face, label, 0.8, 0.030))
        target = 0.0 if time < 2 else 0.5
        run.gaze.append(Gaze(time, face, target, 0.0))
        for step in range(2):
            sent = time + 0.02 * step
            run.commands.append(Command(time, sent, target, 0.0, 0.02 + 0.02 * step))
            run.head.append(HeadAngles(sent, head_pan(sent), 0.0))
        run.acknowledgements.append(Acknowledgement(time, 0.035))
    run.diagnostics = [
        Diagnostic(1.0, "camera", DiagnosticLevel.OK, "fine"),
        Diagnostic(1.5, "camera", DiagnosticLevel.WARN, "late"),
        Diagnostic(5.0, "head", DiagnosticLevel.ERROR, "unplugged"),
    ]
    run.arrivals = {"expression": [index * FRAME for index in range(round(duration / FRAME))]}
    return run


def head_pan(time):
    """Starts 0.1 s after the jump at 2 s, overshoots 0.5 by 0.05 and rests there 0.6 s after."""
    if time < 2.1:
        return 0.0
    return 0.5 - 0.5 * math.exp(-8 * (time - 2.1)) + 0.1 * bump(time)


def bump(time):
    return max(0.0, 1 - abs(time - 2.45) / 0.15) * 0.8
