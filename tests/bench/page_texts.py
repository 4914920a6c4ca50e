"""How each figure of the page was measured, in words; names in braces are figures."""

from __future__ import annotations

from . import bench_names as names

INTRODUCTION = """
Written by `make bench DATA=FOLDER PAGE=docs/performance.md`; each section was measured in one run,
all of them on one machine. Latencies begin at the capture time of a frame.
"""

STAGES = """
`emotion-bot up --head sim` on a recorded video at its own frame rate, watched on its topics: ms
from the capture of the frame to the arrival of the message, and for the ack to its arrival from the
simulated board. Target: capture → ack p95 ≤ 50 ms and p99 ≤ 100 ms with the whole stack.
"""

FACE_ONLY = "With `--mic none --no-dashboard`."
WHOLE_STACK = "With the sound of the video, speech recognition and the live page."
FRAMES = "{frames_captured} frames captured, {frames_dropped} dropped."

NODES = """
Processor time (percent of one core; {cpu_percent} in all) and peak of resident memory of each node
with its helper programs, from the first picture on; `observer` is `up` itself. Libraries that nodes
share count in each of them. No target.
"""

NAIVE = """
The naive pipeline runs MTCNN of facenet-pytorch and the face network in torch eager on every frame
in one loop, with {threads} threads; frames that come faster than it works wait in a queue, and each
counts from when it was due. The robot (`--mic none --head sim --no-dashboard`) then sees the same
video at the same rate. The naive pipeline answered {frames_per_s} frames/s; the robot dropped
{frames_dropped} of {frames_captured} frames. Ratio of p95: {p95_ratio}; target ≥ 5. With the
processing of the naive frame alone, as if none had waited: {p95_ratio_without_queue}.
"""

GROWTH = """
The pipelines of the faces node and the emotion node in one process, one thread for each network, on
the face of a photograph repeated in a swaying picture; all sizes take turns frame by frame,
{frames} frames each at 30 frames/s of simulated time. How many faces were found on average; ms for
a frame: medians of the two parts, then both together. The ratio is that of the means, which hold
the share of full detections, to one face at 640×480. No target.
"""

OVERLOAD = """
The robot (`--mic none --head sim --no-dashboard`) on the built-in scene at multiples of
30 frames/s. Dropped are all frames without an answer: replaced by a newer one before the camera
sent them, or passed over by the faces node, because there were more than its `maximum_rate` or they
were older than its `maximum_age` when their turn came (the nodes count these two once a second, so
that the sums differ by some frames). Target: p95 at twice the load less than twice that at the
normal one.
"""

RATIOS = """
p95 at {load} load, with {captured} times the frames captured, over that at the normal one:
{ratios}.
"""

OTHERS = {
    names.FACES: """
Tracked faces against MTCNN of facenet-pytorch on every frame of a recorded video; both see each
frame one after the other.
""",
    names.EXPRESSION: """
Median time of one call of the face network for one and four faces: onnxruntime against torch eager,
one thread each, in turn.
""",
    names.TRAINING: """
`emotion-train fit` on made-up faces, images per second of its loop with loading, augmentation,
logging and the moving average of the weights, against the bare training step of the same network on
a batch in memory, before and after it.
""",
    names.VIDEO: """
The robot with the virtual head on 18 s of a recorded video, watched on its topics.
""",
    names.VIRTUAL_LOOP: """
Camera, perception, gaze and the virtual head on the built-in scene: the face jumps by 30°, then
swings by 20° at 0.2 Hz.
""",
    names.SIMULATED_LOOP: """
The same with the compiled firmware on the simulated board.
""",
    names.GAZE: """
The gaze with the virtual head in simulated time; the speed of the machine plays no part.
""",
    names.HEAD: """
The compiled firmware on the simulated board, in simulated time; only `terminal` goes by the clock
on the wall.
""",
    names.MOOD: """
The database of moods, filled with rows of made-up people.
""",
    names.LIVE_PAGE: """
The live page: none, then with one and with ten viewers. Processor time in percent of one core,
latency from capture to head command.
""",
    names.REPLAY: """
A recorded video as a bag, replayed exactly several times and once through DDS; the robot on the
built-in scene while it is recorded; and recorders that are killed at random moments, after which
each bag is opened and compared with what was sent.
""",
    names.TWO_MACHINES: """
Camera and head on one machine, everything else on another (`--host robot` and
`--host workstation`), both made of Linux namespaces with a link between them: as it is, with a
twentieth of all packets lost in each direction, and with 10 ms of delay each way besides. From
capture to the first set-point on the workstation, from there to the acknowledgement on the robot.
The link is cut while the head looks aside, for 5 s and for 30 s: how long until it rests at home,
and from the link's return until a new frame's set-point is acknowledged. Both machines share the
processor of the computer; frames without an answer are those lost on the link (known to about
1 %) and those that the faces node passed over because they were too old.
""",
}
"""The benches whose figures are listed as they are, and how they measure."""
