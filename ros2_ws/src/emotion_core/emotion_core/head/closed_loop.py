"""The loop from camera to head as numbers: scene path, detection with delay and noise, gaze, servo.

It uses the geometry, the gaze controller and the virtual head that run on the robot, and replaces
pictures and messages by delays. One second of it takes a few hundredths of a second.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from emotion_core.head.gaze import GazeController, GazeParameters
from emotion_core.head.gaze_geometry import bearing, ray_to_bearing
from emotion_core.head.joint_buffer import JointBuffer
from emotion_core.head.virtual import VirtualHead
from emotion_core.vision.camera_model import PinholeCamera
from emotion_core.vision.scene_paths import Path

FloatArray = npt.NDArray[np.float64]

Observer = Callable[[float, tuple[float, float]], tuple[float, float] | None]
"""Time of a picture (s) and (pan, tilt) of the camera (rad) to the pixel of the face, or None."""

_TICK = 0.001
_TRACE_STEP = 0.005
# Enough servo frames for the oldest picture on its way.
_RECENT_PULSES = 100


@dataclass(frozen=True, slots=True)
class LoopParameters:
    """The surroundings of the gaze controller.

    Attributes:
        fps: of the camera, 1/s.
        latency: from the capture to the observation, s.
        latency_jitter: the latency varies evenly by plus and minus this, s.
        noise: measured bearings are off by plus and minus this, evenly distributed, rad.
        command_rate: set-points per second.
        joint_delay: from a servo pulse to the moment its angle is known, s.
        servo_lag: the camera really is where the pulses pointed this long ago, s; the loop does not
            know it unless ``assumed_servo_lag`` says so.
        assumed_servo_lag: the pose at capture is looked up this much earlier, s.
        miss_rate: share of pictures in which the face is not found although visible.
        camera: of the head.
        seed: of noise and jitter.
    """

    fps: float = 30.0
    latency: float = 0.1
    latency_jitter: float = 0.0
    noise: float = 0.0
    command_rate: float = 50.0
    joint_delay: float = 0.005
    servo_lag: float = 0.0
    assumed_servo_lag: float = 0.0
    miss_rate: float = 0.0
    camera: PinholeCamera = field(
        default_factory=lambda: PinholeCamera.from_field_of_view(640, 480, math.radians(75))
    )
    seed: int = 0


@dataclass(frozen=True, slots=True)
class LoopTrace:
    """What happened, every 5 ms: arrays of shape (n,); angles in rad.

    Attributes:
        time: s.
        target_pan: true azimuth of the face.
        target_tilt: true elevation of the face.
        pan: where the camera pointed.
        tilt: where the camera pointed.
        setpoint_pan: newest command.
        setpoint_tilt: newest command.
        state: values of ``GazeState``.
    """

    time: FloatArray
    target_pan: FloatArray
    target_tilt: FloatArray
    pan: FloatArray
    tilt: FloatArray
    setpoint_pan: FloatArray
    setpoint_tilt: FloatArray
    state: npt.NDArray[np.int64]


def simulate(
    path: Path,
    duration: float,
    gaze: GazeParameters | None = None,
    loop: LoopParameters | None = None,
    observer: Observer | None = None,
) -> LoopTrace:
    """Run the loop for a while, starting at home.

    Args:
        path: of the face.
        duration: s.
        gaze: settings of the controller.
        loop: settings of everything else.
        observer: finds the face in the picture taken at a time with the camera at (pan, tilt), as
            perception would; without one, it is found where it is, but for noise and misses.
    """
    loop = loop or LoopParameters()
    random = np.random.default_rng(loop.seed)
    now = 0.0
    head = VirtualHead(lambda: now, (gaze or GazeParameters()).limits)
    head.open()
    controller = GazeController(gaze)
    joints = JointBuffer()
    joints.add(0.0, 0.0, 0.0)
    pulses = [(0.0, 0.0, 0.0)]
    arriving_pulses: deque[tuple[float, tuple[float, float, float]]] = deque()
    arriving_frames: deque[tuple[float, float]] = deque()
    next_frame, next_command = 0.0, 0.0
    commands = []
    for tick in range(round(duration / _TICK)):
        now = tick * _TICK
        snapshot = head.state()
        if snapshot.time > pulses[-1][0]:
            pulses.append((snapshot.time, snapshot.pan, snapshot.tilt))
            arriving_pulses.append((now + loop.joint_delay, pulses[-1]))
        while arriving_pulses and arriving_pulses[0][0] <= now:
            joints.add(*arriving_pulses.popleft()[1])
        if now >= next_frame:
            next_frame += 1 / loop.fps
            delay = loop.latency + random.uniform(-1, 1) * loop.latency_jitter
            arriving_frames.append((now + delay, now))
        while arriving_frames and arriving_frames[0][0] <= now:
            captured = arriving_frames.popleft()[1]
            true_pose = _interpolate(pulses[-_RECENT_PULSES:], captured - loop.servo_lag)
            if observer is None:
                pixel = _see(path, captured, true_pose, loop, random)
            else:
                pixel = observer(captured, true_pose)
            if pixel is None:
                controller.observe(captured, None, None)
            else:
                pose = joints.at(max(captured - loop.assumed_servo_lag, 0.0))
                controller.observe(captured, "face", bearing(loop.camera.ray(*pixel), *pose))
        if now >= next_command:
            next_command += 1 / loop.command_rate
            output = controller.target(now)
            commands.append((now, output.pan, output.tilt, output.state.value))
            head.command(output.pan, output.tilt, (0.0, 0.0, 0.0), 0)
    return _trace(path, duration, pulses, commands, loop.servo_lag)


def _interpolate(pulses: Sequence[tuple[float, float, float]], time: float) -> tuple[float, float]:
    times, pans, tilts = zip(*pulses, strict=True)
    return float(np.interp(time, times, pans)), float(np.interp(time, times, tilts))


def _trace(
    path: Path,
    duration: float,
    pulses: Sequence[tuple[float, float, float]],
    commands: Sequence[tuple[float, float, float, int]],
    servo_lag: float,
) -> LoopTrace:
    time = np.arange(0.0, duration, _TRACE_STEP)
    pulse_time, pan, tilt = np.array(pulses).T
    command_time, command_pan, command_tilt, state = np.array(commands).T
    newest = np.maximum(np.searchsorted(command_time, time, side="right") - 1, 0)
    targets = np.array([path.at(moment) for moment in time])
    return LoopTrace(
        time=time,
        target_pan=targets[:, 0],
        target_tilt=targets[:, 1],
        pan=np.interp(time - servo_lag, pulse_time, pan),
        tilt=np.interp(time - servo_lag, pulse_time, tilt),
        setpoint_pan=command_pan[newest],
        setpoint_tilt=command_tilt[newest],
        state=state[newest].astype(np.int64),
    )


def _see(
    path: Path,
    time: float,
    pose: tuple[float, float],
    loop: LoopParameters,
    random: np.random.Generator,
) -> tuple[float, float] | None:
    """Return the pixel at which the face is found, or None."""
    noise = random.uniform(-loop.noise, loop.noise, 2)
    azimuth, elevation = path.at(time)
    ray = ray_to_bearing(azimuth + noise[0], elevation + noise[1], *pose)
    if ray[2] <= 0 or random.uniform() < loop.miss_rate:
        return None
    u, v = loop.camera.project(ray)
    return (u, v) if 0 <= u < loop.camera.width and 0 <= v < loop.camera.height else None
