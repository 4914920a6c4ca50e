"""Faces with lasting ids at the full frame rate, from a detector that runs a few times a second.

In every frame each known face is moved along with its pixels (:mod:`.motion`) and then corrected by
a verifier, which also says whether it still is a face. The detector only looks for new and lost
ones. It runs inside :meth:`FaceTracker.update`, so the result depends on the frames and their times
alone and a replay gives the same again.
"""

from __future__ import annotations

import math

import numpy as np

from emotion_core.vision.appearance import describe
from emotion_core.vision.association import match
from emotion_core.vision.detection import (
    Detection,
    FaceDetector,
    FaceVerifier,
    Image,
    require_image,
)
from emotion_core.vision.geometry import (
    Box,
    intersection_over_union,
    overlap_of_smaller,
    visible_fraction,
)
from emotion_core.vision.identity import claim, coincide, likeness, looks_the_same, overlap
from emotion_core.vision.motion import FlowPicture, flow_picture, follow, motion_between
from emotion_core.vision.track import FaceSource, Track, TrackedFace
from emotion_core.vision.tracker_parameters import TrackerParameters
from emotion_core.vision.verification import corrected, is_face

__all__ = ["FaceSource", "FaceTracker", "TrackedFace", "TrackerParameters"]


class FaceTracker:
    """Follows all faces of one camera.

    Args:
        detector: finds faces in a whole frame.
        verifier: corrects and judges a box.
        parameters: settings.
        id_prefix: what ids start with; give another one to each run whose ids must not meet.
    """

    def __init__(
        self,
        detector: FaceDetector,
        verifier: FaceVerifier,
        parameters: TrackerParameters | None = None,
        *,
        id_prefix: str = "f",
    ) -> None:
        self._detector = detector
        self._verifier = verifier
        self._parameters = parameters or TrackerParameters()
        self._id_prefix = id_prefix
        self._ids_given = 0
        self._tracks: list[Track] = []
        self._time = -math.inf
        self._detected_at = -math.inf
        self._frame_shape: tuple[int, ...] = ()
        self._picture: FlowPicture | None = None

    def update(self, image: Image, time: float) -> list[TrackedFace]:
        """Process the next frame.

        Args:
            image: BGR frame; its size may differ from the last one's.
            time: of its capture, seconds. A time before the last frame's means another recording:
                all faces are forgotten, their ids stay used.

        Returns:
            The faces of this frame, in the order in which they got their ids.

        Raises:
            ValueError: if ``image`` is no uint8 array of shape (height, width, 3) or ``time`` is
                not finite; the tracker is then unchanged.
        """
        require_image(image)
        if not math.isfinite(time):
            raise ValueError(f"time must be finite, got {time}")
        if time < self._time:
            self._tracks.clear()
            self._detected_at = -math.inf
            self._picture = None
        elapsed = time - self._time if self._tracks else 0.0
        self._tracks = [
            track for track in self._tracks if time - track.verified_at <= self._parameters.memory
        ]
        self._adopt_size(image)
        picture = flow_picture(image)
        boxes = [track.box for track in self._tracks]
        for track in self._tracks:
            track.detected = False
        self._move(picture, time, elapsed)
        self._verify(image, time, elapsed, boxes)
        self._separate(image)
        if self._detection_due(time):
            self._detect(image, time)
            self._detected_at = time
        self._conclude(time)
        self._picture, self._time = picture, time
        height, width = image.shape[:2]
        return [track.report(time) for track in self._tracks if self._shown(track, width, height)]

    def _adopt_size(self, image: Image) -> None:
        """Carry the faces over to a frame of another size and have them looked for at once."""
        if image.shape == self._frame_shape:
            return
        if self._frame_shape:
            vertical = image.shape[0] / self._frame_shape[0]
            horizontal = image.shape[1] / self._frame_shape[1]
            for track in self._tracks:
                box = track.box
                track.box = Box(
                    box.x * horizontal,
                    box.y * vertical,
                    box.width * horizontal,
                    box.height * vertical,
                )
                track.landmarks = track.landmarks * np.array([horizontal, vertical], np.float32)
                track.velocity = (0.0, 0.0)
        self._picture = None
        self._detected_at = -math.inf
        self._frame_shape = image.shape

    def _followed(self, track: Track, time: float) -> bool:
        """Whether a face is in sight or has only just been lost."""
        return not track.given_up and time - track.verified_at <= self._parameters.prediction_limit

    def _move(self, picture: FlowPicture, time: float, elapsed: float) -> None:
        """Move every followed face along with its pixels, or else with its velocity."""
        followed = [track for track in self._tracks if self._followed(track, time)]
        if not followed:
            return
        coasting = [track.coast(elapsed) for track in followed]
        if self._picture is None:
            for track in followed:
                track.continuous = False
                track.points = track.points[:0]
            return
        guesses = [
            track.points + np.array([motion.right, motion.down], np.float32)
            for track, motion in zip(followed, coasting, strict=True)
        ]
        ends = np.cumsum([len(track.points) for track in followed])[:-1]
        moved, kept = follow(
            self._picture,
            picture,
            np.concatenate([track.points for track in followed]),
            np.concatenate(guesses),
        )
        for track, coast, places, good in zip(
            followed, coasting, np.split(moved, ends), np.split(kept, ends), strict=True
        ):
            motion = motion_between(track.points[good], places[good], track.box)
            track.points = places[good]
            if motion is None:
                track.continuous = False
            track.move(motion or coast)

    def _verify(self, image: Image, time: float, elapsed: float, previous: list[Box]) -> None:
        """Correct the followed faces by what the verifier sees."""
        followed = [
            (track, before)
            for track, before in zip(self._tracks, previous, strict=True)
            if self._followed(track, time)
        ]
        # Whoever hides behind another face would be mistaken for it.
        in_sight = [track for track, _ in followed if track.verified]
        asked = [
            (track, before)
            for track, before in followed
            if track.verified
            or all(intersection_over_union(track.box, other.box) < 0.3 for other in in_sight)
        ]
        threshold = self._parameters.verification_threshold
        answers = corrected(self._verifier, image, [track.box for track, _ in asked], threshold)
        retry = [index for index, answer in enumerate(answers) if answer is None]
        # The flow may have followed something that passed in front of a face at rest.
        again = corrected(self._verifier, image, [asked[index][1] for index in retry], threshold)
        for index, answer in zip(retry, again, strict=True):
            answers[index] = answer
        recognised = [
            answer is not None and self._recognised(track, answer, image)
            for (track, _), answer in zip(asked, answers, strict=True)
        ]
        for track in self._tracks:
            track.verified = False
        for (track, before), answer, same in zip(asked, answers, recognised, strict=True):
            if answer is not None and same:
                track.see(answer, time, self._parameters.measurement_weight)
                track.measure_velocity(before, elapsed)
                track.continuous = True
                track.sightings += 1

    def _recognised(self, track: Track, seen: Detection, image: Image) -> bool:
        """Whether a face seen where one was assumed is that one."""
        if track.verified and track.continuous:
            return True
        parameters = self._parameters
        if not track.verified and seen.confidence < parameters.confirmation_confidence:
            return False
        return looks_the_same(track, describe(image, seen.box), parameters.near_similarity)

    def _separate(self, image: Image) -> None:
        """Where two tracks came to one face, leave it to the one that it looks like."""
        in_sight = [track for track in self._tracks if track.verified]
        for index, elder in enumerate(in_sight):
            for younger in in_sight[index + 1 :]:
                if not (elder.verified and younger.verified) or not coincide(
                    elder.box, younger.box
                ):
                    continue
                seen = describe(image, elder.box)
                loser = younger
                if younger.id and likeness(younger, seen) > likeness(elder, seen) + 0.1:
                    loser = elder
                loser.verified = False

    def _detection_due(self, time: float) -> bool:
        parameters = self._parameters
        if any(
            not track.id or (not track.verified and self._followed(track, time))
            for track in self._tracks
        ):
            interval = parameters.search_interval
        elif any(track.verified for track in self._tracks):
            interval = parameters.detection_interval
        else:
            interval = parameters.idle_interval
        # Half a millisecond of tolerance: frame times are rounded.
        return time - self._detected_at >= interval - 0.0005

    def _detect(self, image: Image, time: float) -> None:
        """Run the detector; support, find again or begin tracks."""
        parameters = self._parameters
        found = [
            face
            for face in self._detector.detect(image)
            if is_face(face, parameters.verification_threshold)
        ]
        in_sight = [track for track in self._tracks if track.verified]
        for track in in_sight:
            track.misses += 1
        for track, face in match(in_sight, found, overlap):
            found.remove(face)
            track.see(face, time, parameters.measurement_weight)
            track.support(describe(image, track.box))
        found = [
            face for face in found if not any(coincide(face.box, track.box) for track in in_sight)
        ]
        looks = {id(face): describe(image, face.box) for face in found}
        missing = [track for track in self._tracks if not track.verified and track.id]
        for track, face in match(
            missing,
            found,
            lambda track, face: claim(track, face, looks[id(face)], time, parameters),
        ):
            found.remove(face)
            track.put(face, time)
            track.support(describe(image, track.box))
        in_sight = [track for track in self._tracks if track.verified]
        room = max(0, parameters.maximum_faces - len(in_sight))
        for face in sorted(found, key=lambda face: face.box.area, reverse=True)[:room]:
            track = Track.from_detection(face, time)
            track.appearance = looks[id(face)]
            self._tracks.append(track)

    def _conclude(self, time: float) -> None:
        """Give ids, and drop what turned out to be no face."""
        parameters = self._parameters
        kept = []
        for track in self._tracks:
            sure = track.confidence >= parameters.confirmation_confidence
            if track.verified and track.misses >= parameters.support_limit and not sure:
                track.verified, track.given_up = False, True
            if not (track.id or track.verified):
                continue
            if not track.id and (sure or track.sightings >= parameters.confirmation_frames):
                self._ids_given += 1
                track.id, track.id_since = f"{self._id_prefix}{self._ids_given}", time
            kept.append(track)
        self._tracks = kept

    def _shown(self, track: Track, width: int, height: int) -> bool:
        """Whether a track is reported: hidden faces only while their place is believable."""
        if not track.id:
            return False
        if track.verified:
            return True
        return (
            self._followed(track, self._time)
            and visible_fraction(track.box, width, height) >= 0.4
            and not any(
                overlap_of_smaller(track.box, other.box) > 0.4
                for other in self._tracks
                if other.verified
            )
        )
