"""Whether a face in sight is the face of a track."""

from __future__ import annotations

from typing import Final

from emotion_core.vision.appearance import Appearance, similarity
from emotion_core.vision.association import distance_in_faces, size_ratio
from emotion_core.vision.detection import Detection
from emotion_core.vision.geometry import Box, intersection_over_union, overlap_of_smaller
from emotion_core.vision.track import Track
from emotion_core.vision.tracker_parameters import TrackerParameters

_LEAST_OVERLAP: Final = 0.3
_SIZE_CHANGE: Final = 1.6
"""Most times larger or smaller that a face can be when it is found again."""


def overlap(track: Track, face: Detection) -> float | None:
    """Return how much a detection lies on a followed face; None if too little to be it."""
    value = intersection_over_union(track.box, face.box)
    return value if value >= _LEAST_OVERLAP else None


def coincide(first: Box, second: Box) -> bool:
    """Return whether two boxes lie on one face."""
    return intersection_over_union(first, second) > 0.45 or overlap_of_smaller(first, second) > 0.75


def likeness(track: Track, look: Appearance) -> float:
    """Return how much a face looks like that of a track, in [0, 1]; 0 if that is not known."""
    return 0.0 if track.appearance is None else similarity(track.appearance, look)


def looks_the_same(track: Track, look: Appearance, threshold: float) -> bool:
    """Return whether a face looks like that of a track, as far as that is known."""
    return track.appearance is None or similarity(track.appearance, look) >= threshold


def claim(
    track: Track, face: Detection, look: Appearance, time: float, parameters: TrackerParameters
) -> float | None:
    """Return how strong a missing face's claim to a newly found one is; None if it has none.

    The farther the place is from where the face was lost, measured by how far it can have come
    since, the more alike the two must look. However far it is, looking alike is enough: a head that
    turns quickly moves the whole picture between two frames.

    Args:
        track: of the missing face.
        face: the one found.
        look: its appearance.
        time: of the frame, seconds.
        parameters: of the tracker.
    """
    if size_ratio(track.box, face.box) > _SIZE_CHANGE:
        return None
    reach = 0.5 + 2.0 * (time - track.verified_at)
    far = min(1.0, distance_in_faces(track.box, face.box) / reach)
    needed = parameters.near_similarity + far * (
        parameters.far_similarity - parameters.near_similarity
    )
    alike = likeness(track, look)
    return alike + 0.1 * (1 - far) if alike >= needed else None
