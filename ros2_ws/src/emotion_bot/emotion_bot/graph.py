"""The node graph as plain data: what runs, with which parameters, and why.

Both `ros2 launch emotion_bot bringup.launch.py` and `emotion-bot up` start what `build_graph`
returns. This module imports neither launch nor rclpy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

EXTERNAL_SOURCE: Final = "external"
"""Value of `source` when another driver publishes image_raw and camera_info."""

RECORDED_SOURCE: Final = "video:"
"""Beginning of `source` for a file, whose picture does not move with the head."""

NO_HEAD: Final = "none"

RESPAWN_DELAY_SECONDS: Final = 0.5
"""Pause between the death of a node and its restart."""

TRANSPORT_PROFILE: Final = "fastdds.xml"
"""File in config/ with the transports of all nodes."""


def default_environment(config: str) -> dict[str, str]:
    """Return the environment of all nodes; a variable that the user has set must win.

    Args:
        config: folder with the parameter files.
    """
    profile = f"{config}/{TRANSPORT_PROFILE}"
    return {
        # Fast DDS 2 (Jazzy) and 3 (Kilted) name the variable differently.
        "FASTRTPS_DEFAULT_PROFILES_FILE": profile,
        "FASTDDS_DEFAULT_PROFILES_FILE": profile,
        # A robot that watches people stays on its own machine unless its owner says otherwise.
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        # Networks choose their thread counts themselves; a second pool only fights for the cores.
        "OMP_NUM_THREADS": "1",
    }


@dataclass(frozen=True)
class BringUpOptions:
    """What a user chooses at bring-up; the strings are those of the command line.

    Attributes:
        source: scene[:MODE], webcam[:N], video:PATH, stream:URL or external.
        head: virtual, sim, serial[:PORT] or none.
        behaviour: whether it breathes, greets and mirrors, beyond following faces.
        speak: whether it says short sentences through espeak-ng.
        memory: whether it keeps a row of mood per person and minute.
        dashboard: whether it offers the live page.
        record: folder of a bag to record; empty for none.
        consent: everybody who may be seen or heard has agreed to be recorded.
        namespace: prefix of all relative names; empty for none.
    """

    source: str = "scene"
    head: str = "virtual"
    behaviour: bool = True
    speak: bool = False
    memory: bool = True
    dashboard: bool = True
    record: str = ""
    consent: bool = False
    namespace: str = ""


@dataclass(frozen=True)
class NodeSpec:
    """One node of the graph.

    Attributes:
        name: node name, also the name of its file in config/.
        executable: console script in lib/emotion_bot, for launch and `ros2 run`.
        module: the same node for `python -m`.
        parameters: overrides on top of the file in config/.
        remappings: pairs of (from, to).
        is_source: whether it should start when the others are ready for its first message.
    """

    name: str
    executable: str
    module: str
    parameters: Mapping[str, bool | int | float | str] = field(default_factory=dict)
    remappings: tuple[tuple[str, str], ...] = ()
    is_source: bool = False

    @property
    def parameter_file(self) -> str:
        """Name of the parameter file in config/."""
        return f"{self.name}.yaml"


def build_graph(options: BringUpOptions) -> tuple[NodeSpec, ...]:
    """Return the nodes that the options ask for, in starting order."""
    nodes = []
    if options.head != NO_HEAD:
        nodes.append(_node("head", backend=options.head))
    if options.source != EXTERNAL_SOURCE:
        nodes.append(replace(_node("camera", source=options.source), is_source=True))
    recorded = options.source.startswith(RECORDED_SOURCE)
    # Of a recording every frame counts; of the present the newest one does.
    faces = _node("faces", maximum_age=0.0) if recorded else _node("faces")
    nodes += [faces, _node("emotion"), _node("gaze", camera_on_head=not recorded)]
    if options.behaviour:
        nodes.append(_node("behaviour", speak=options.speak))
    if options.speak:
        nodes.append(_node("say", enabled=True))
    if options.memory:
        nodes.append(_node("mood"))
    # The page also says what is on and what is kept; without it a small node does.
    nodes.append(_node("dashboard" if options.dashboard else "privacy"))
    if options.record:
        # A recorder that was restarted goes on with its bag.
        nodes.append(
            _node("recorder", directory=options.record, consent=options.consent, resume=True)
        )
    return tuple(nodes)


def _node(name: str, **parameters: bool | int | float | str) -> NodeSpec:
    return NodeSpec(name, f"{name}_node", f"emotion_bot.nodes.{name}", parameters)
