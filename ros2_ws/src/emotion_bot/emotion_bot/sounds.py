"""Between Audio messages and arrays."""

from __future__ import annotations

import array

import numpy as np
from emotion_bot_msgs.msg import Audio
from std_msgs.msg import Header

from emotion_bot import stamps
from emotion_core.audio.chunks import AudioChunk, Samples
from emotion_core.audio.features import SAMPLE_RATE


def audio_message(chunk: AudioChunk, frame_id: str) -> Audio:
    """Return the message of a chunk."""
    header = Header(stamp=stamps.stamp_from_seconds(chunk.time), frame_id=frame_id)
    # An array.array is taken as it is; a numpy array would be copied value by value.
    samples = array.array("h", chunk.samples.tobytes())
    return Audio(header=header, sample_rate=SAMPLE_RATE, samples=samples)


def samples_from_audio(message: Audio) -> Samples:
    """Return the samples of a message, int16.

    Raises:
        ValueError: if there are none or the sample rate is not that of the robot.
    """
    if message.sample_rate != SAMPLE_RATE:
        raise ValueError(
            f"{message.sample_rate} samples per second, but {SAMPLE_RATE} are expected"
        )
    if not message.samples:
        raise ValueError("there is no sample in it")
    return np.array(message.samples, np.int16)
