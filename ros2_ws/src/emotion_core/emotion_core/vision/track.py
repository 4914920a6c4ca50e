"""One followed face: what the tracker remembers about it between frames."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

import numpy as np

from emotion_core.vision.appearance import Appearance, updated
from emotion_core.vision.association import distance_in_faces, size_ratio
from emotion_core.vision.detection import Detection, Landmarks
from emotion_core.vision.geometry import Box, blended
from emotion_core.vision.motion import Motion, Points, seed_points


class FaceSource(Enum):
    """How the box of this frame came about; values as in Face.msg."""

    DETECTED = 0
    """The detector ran on this frame and found the face."""
    TRACKED = 1
    """Followed from an earlier frame and verified in this one."""
    PREDICTED = 2
    """Hidden or unverified in this frame: the box is extrapolated."""


@dataclass(frozen=True, slots=True, eq=False)
class TrackedFace:
    """A face in one frame.

    Attributes:
        id: stable while the face is followed, never given twice.
        box: pixels; it may leave the picture.
        confidence: probability of a face when it was last verified, in [0, 1].
        landmarks: shape (5, 2), float32, pixels, as in :class:`Detection`.
        source: how the box came about.
        age: seconds since the id was given, >= 0.
    """

    id: str
    box: Box
    confidence: float
    landmarks: Landmarks
    source: FaceSource
    age: float


_VELOCITY_TIME: Final = 0.1
"""Time constant of the velocity estimate, s."""
_COASTING_TIME: Final = 0.25
"""Time constant with which an unseen face is assumed to come to rest, s."""
_TRUST: Final = 4.0
"""By how much the weight of what is seen grows for each face's width or size that it is off."""
_LEARNING_SHARE: Final = 0.3
"""Of the newest appearance in the remembered one."""


@dataclass(slots=True, eq=False)
class Track:
    """State of one face; times in seconds on the tracker's clock.

    Attributes:
        box: where the face is, or is assumed to be.
        landmarks: moved along with the box.
        confidence: of the last verification.
        verified_at: when the face was last seen for sure.
        misses: how often in a row the detector did not find it though it was in sight.
        id: empty until the face is confirmed.
        id_since: when the id was given.
        verified: whether the face was seen for sure in the present frame.
        detected: whether the detector found it in the present frame.
        continuous: whether its pixels moved coherently since it was last seen for sure.
        sightings: frames in a row in which the face was seen.
        given_up: whether only the detector can bring the face back.
        velocity: of the centre, pixels per second.
        points: flow points; none are added while the face is hidden.
        appearance: None until first described.
    """

    box: Box
    landmarks: Landmarks
    confidence: float
    verified_at: float
    id: str = ""
    id_since: float = 0.0
    verified: bool = True
    detected: bool = True
    continuous: bool = True
    sightings: int = 1
    misses: int = 0
    given_up: bool = False
    velocity: tuple[float, float] = (0.0, 0.0)
    points: Points = field(default_factory=lambda: np.empty((0, 2), np.float32))
    appearance: Appearance | None = None

    @classmethod
    def from_detection(cls, detection: Detection, time: float) -> Track:
        """Start a track at what the detector found."""
        return cls(
            box=detection.box,
            landmarks=detection.landmarks,
            confidence=detection.confidence,
            verified_at=time,
            points=seed_points(detection.box),
        )

    def coast(self, elapsed: float) -> Motion:
        """Return the motion expected from the velocity alone, and let the velocity fade."""
        motion = Motion(self.velocity[0] * elapsed, self.velocity[1] * elapsed, 1.0)
        if not self.verified:
            fade = math.exp(-elapsed / _COASTING_TIME)
            self.velocity = (self.velocity[0] * fade, self.velocity[1] * fade)
        return motion

    def move(self, motion: Motion) -> None:
        """Carry box and landmarks along."""
        before = np.array(self.box.center, np.float32)
        self.box = motion.apply(self.box)
        after = np.array(self.box.center, np.float32)
        self.landmarks = ((self.landmarks - before) * motion.scale + after).astype(np.float32)

    def see(self, seen: Detection, time: float, weight: float) -> None:
        """Correct the moved box by what is seen in this frame.

        Args:
            seen: the face as verifier or detector give it.
            time: of the frame.
            weight: least share of ``seen`` in the result, in (0, 1]; the rest is the moved box,
                which damps jitter without lag because that box has moved with the pixels already.
                The larger the difference, the less it is jitter, the larger the share.
        """
        difference = max(
            distance_in_faces(self.box, seen.box), size_ratio(self.box, seen.box) - 1.0
        )
        weight = min(1.0, weight + _TRUST * difference)
        box = blended(self.box, seen.box, weight)
        self.landmarks = ((1 - weight) * self.landmarks + weight * seen.landmarks).astype(
            np.float32
        )
        self.box = box
        self.confidence = seen.confidence
        self.verified = True
        self.verified_at = time
        self.given_up = False
        self.points = seed_points(box)

    def measure_velocity(self, previous: Box, elapsed: float) -> None:
        """Update the velocity from where the box was ``elapsed`` seconds ago."""
        if elapsed <= 0:
            return
        share = 1 - math.exp(-elapsed / _VELOCITY_TIME)
        (x0, y0), (x1, y1) = previous.center, self.box.center
        measured = ((x1 - x0) / elapsed, (y1 - y0) / elapsed)
        self.velocity = (
            self.velocity[0] + share * (measured[0] - self.velocity[0]),
            self.velocity[1] + share * (measured[1] - self.velocity[1]),
        )

    def put(self, seen: Detection, time: float) -> None:
        """Set the face to where it was found again, however far away."""
        self.box, self.landmarks = seen.box, seen.landmarks
        self.velocity = (0.0, 0.0)
        self.see(seen, time, 1.0)
        self.continuous = True

    def support(self, look: Appearance) -> None:
        """Note that the detector found the face, and how it looks now."""
        self.detected = True
        self.misses = 0
        known = self.appearance
        self.appearance = look if known is None else updated(known, look, _LEARNING_SHARE)

    def report(self, time: float) -> TrackedFace:
        """Return the face as others see it."""
        if not self.verified:
            source = FaceSource.PREDICTED
        else:
            source = FaceSource.DETECTED if self.detected else FaceSource.TRACKED
        return TrackedFace(
            self.id, self.box, self.confidence, self.landmarks, source, time - self.id_since
        )
