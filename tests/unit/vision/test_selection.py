from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion_core.vision.geometry import Box
from emotion_core.vision.selection import (
    SelectionParameters,
    SelectionPolicy,
    Target,
    TargetSelector,
    centrality,
)
from emotion_core.vision.tracking import FaceSource, TrackedFace

pytestmark = pytest.mark.unit

SIZE = (640, 480)
STEP = 0.1


def tracked(id_: str, x: float, side: float, y: float = 240) -> TrackedFace:
    landmarks = np.zeros((5, 2), np.float32)
    box = Box(x - side / 2, y - side / 2, side, side)
    return TrackedFace(id_, box, 0.99, landmarks, FaceSource.TRACKED, 1.0)


def follow(
    selector: TargetSelector,
    frames: Sequence[Sequence[TrackedFace]],
    speech: Mapping[str, float] | None = None,
) -> list[str | None]:
    """The id of the target after each frame, ten frames a second."""
    target, chosen = None, []
    for index, faces in enumerate(frames):
        target = selector.choose(faces, SIZE, index * STEP, target, speech)
        chosen.append(target.id if target else None)
    return chosen


def selector(policy: str = "nearest", **parameters: float) -> TargetSelector:
    return TargetSelector(SelectionPolicy(policy), SelectionParameters(**parameters))


def test_nobody_is_no_target() -> None:
    assert selector().choose([], SIZE, 0.0, None) is None


def test_the_nearest_face_is_chosen_at_once() -> None:
    assert follow(selector(), [[tracked("a", 100, 60), tracked("b", 400, 90)]]) == ["b"]


def test_the_most_central_face_is_chosen() -> None:
    faces = [tracked("a", 100, 150), tracked("b", 330, 60)]
    assert follow(selector("central"), [faces]) == ["b"]


def test_a_speaker_is_preferred_to_a_nearer_face() -> None:
    faces = [tracked("a", 100, 120), tracked("b", 400, 60)]
    assert follow(selector("speaking"), [faces], {"b": 0.9}) == ["b"]
    assert follow(selector("speaking"), [faces], {}) == ["a"]


def test_two_like_faces_do_not_make_it_dither() -> None:
    frames = [
        [tracked("a", 100, 100 + 10 * (index % 2)), tracked("b", 400, 105)] for index in range(40)
    ]
    assert set(follow(selector(), frames)) == {"b"}


def test_a_clearly_nearer_face_takes_over_after_persisting() -> None:
    frames = [[tracked("a", 100, 80), tracked("b", 400, 60 if n < 5 else 120)] for n in range(20)]
    chosen = follow(selector(persistence=0.5), frames)
    assert chosen[:10] == ["a"] * 10
    assert chosen[10:] == ["b"] * 10


def test_a_short_lead_is_ignored() -> None:
    frames = [[tracked("a", 100, 80), tracked("b", 400, 120 if n % 4 else 60)] for n in range(40)]
    frames[0] = [tracked("a", 100, 80)]
    assert set(follow(selector(persistence=0.5), frames)) == {"a"}


def test_a_lost_target_is_waited_for() -> None:
    gone = [tracked("b", 400, 60)]
    both = [tracked("a", 100, 120), tracked("b", 400, 60)]
    chosen = follow(selector(patience=1.0), [both] * 5 + [gone] * 8 + [both] * 5)
    assert set(chosen) == {"a"}


def test_after_waiting_another_face_is_chosen() -> None:
    both = [tracked("a", 100, 120), tracked("b", 400, 60)]
    chosen = follow(selector(patience=1.0), [both] * 5 + [[tracked("b", 400, 60)]] * 15)
    assert chosen[14] == "a"
    assert chosen[15:] == ["b"] * 5


def test_after_waiting_for_nobody_there_is_no_target() -> None:
    chosen = follow(selector(patience=0.5), [[tracked("a", 100, 120)]] + [[]] * 9)
    assert chosen[5] == "a"
    assert chosen[6:] == [None] * 4


def test_it_keeps_no_state() -> None:
    one = selector()
    target = Target("a", since=0.0, seen_at=1.0)
    faces = [tracked("a", 100, 80), tracked("b", 400, 200)]
    assert one.choose(faces, SIZE, 1.1, target) == one.choose(faces, SIZE, 1.1, target)


def test_a_clock_that_goes_back_chooses_anew() -> None:
    target = Target("a", since=50.0, seen_at=60.0)
    assert selector().choose([tracked("b", 1, 9)], SIZE, 1.0, target) == Target("b", 1.0, 1.0)


@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from("abcd"), st.floats(-100, 800), st.floats(0, 500)),
            max_size=4,
            unique_by=lambda entry: entry[0],
        ),
        max_size=30,
    ),
    st.sampled_from(list(SelectionPolicy)),
)
def test_a_change_of_target_is_always_earned(
    frames: list[list[tuple[str, float, float]]], policy: SelectionPolicy
) -> None:
    parameters = SelectionParameters(persistence=0.3, patience=0.5)
    one, target = TargetSelector(policy, parameters), None
    for index, entries in enumerate(frames):
        time = index * STEP
        before = target
        target = one.choose([tracked(*entry) for entry in entries], SIZE, time, before)
        in_sight = {id_ for id_, _, _ in entries}
        if target is not None:
            assert target.seen_at <= time
            assert target.id in in_sight or (before is not None and target.id == before.id)
        if before is not None and target is not None and target.id != before.id:
            waited = time - before.seen_at > parameters.patience
            challenged = time - before.challenged_since >= parameters.persistence - 1e-9
            assert waited or (before.challenger == target.id and challenged)


def test_centrality_falls_with_the_distance() -> None:
    middle, side, corner = Box(310, 230, 20, 20), Box(630, 230, 20, 20), Box(-10, -10, 20, 20)
    assert centrality(middle, SIZE) == 1
    assert 1 > centrality(side, SIZE) > centrality(corner, SIZE) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("name", "value"),
    [("advantage", 0.9), ("persistence", -0.1), ("patience", float("nan"))],
)
def test_parameters_out_of_range_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        SelectionParameters(**{name: value})
