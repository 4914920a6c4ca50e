"""The node graph as plain data: what runs, with which parameters, and why.

Both `ros2 launch emotion_bot bringup.launch.py` and `emotion-bot up` start what `build_graph`
returns. This module imports neither launch nor rclpy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

EXTERNAL_SOURCE: Final = "external"
"""Value of `source` when another driver publishes image_raw and camera_info."""

NO_HEAD: Final = "none"

RESPAWN_DELAY_SECONDS: Final = 0.5
"""Pause between the death of a node and its restart."""

ENVIRONMENT: Final[Mapping[str, str]] = {
    # Camera frames exceed the default transport's message size and would be lost in fragments.
    "FASTDDS_BUILTIN_TRANSPORTS": (
        "LARGE_DATA?max_msg_size=4MB&sockets_size=4MB&non_blocking=true"
    ),
    # A robot that hears people stays on its own machine unless its owner says otherwise.
    "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
    # Networks choose their thread counts themselves; a second pool only fights for the cores.
    "OMP_NUM_THREADS": "1",
}
"""Defaults for the environment of all nodes; a variable the user has set wins."""


@dataclass(frozen=True)
class BringUpOptions:
    """What a user chooses at bring-up; the strings are those of the command line.

    Attributes:
        source: scene[:MODE], webcam[:N], video:PATH, stream:URL or external.
        head: virtual, sim, serial:PORT or none.
        namespace: prefix of all relative names; empty for none.
    """

    source: str = "scene"
    head: str = "virtual"
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
    """

    name: str
    executable: str
    module: str
    parameters: Mapping[str, bool | int | float | str] = field(default_factory=dict)
    remappings: tuple[tuple[str, str], ...] = ()

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
        nodes.append(_node("camera", source=options.source))
    nodes += [_node("faces"), _node("emotion"), _node("gaze")]
    return tuple(nodes)


def _node(name: str, **parameters: bool | int | float | str) -> NodeSpec:
    return NodeSpec(name, f"{name}_node", f"emotion_bot.nodes.{name}", parameters)
