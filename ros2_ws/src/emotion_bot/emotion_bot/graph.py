"""The node graph as plain data: what runs, with which parameters, and why.

Both `ros2 launch emotion_bot bringup.launch.py` and `emotion-bot up` start what `build_graph`
returns. This module imports neither launch nor rclpy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from emotion_bot.transport import LOCALHOST, PROFILE_VARIABLES, RANGE_VARIABLE
from emotion_core.audio.recognizer import DEFAULT_RECOGNIZER, NO_RECOGNIZER

EXTERNAL_SOURCE: Final = "external"
"""Value of `source` when another driver publishes image_raw and camera_info."""

RECORDED_SOURCE: Final = "video:"
"""Beginning of `source` for a file, whose picture does not move with the head."""

LIVE_CAMERA: Final = "webcam"
"""Beginning of `source` for a camera on this computer."""

EVERY_FRAME: Final[Mapping[str, float]] = {"maximum_age": 0.0, "maximum_rate": 0.0}
"""Parameters of a faces node that sees a recording, of which every frame counts, however late; of
the present the newest one does."""

FRAMES_FROM_AFAR: Final[Mapping[str, float]] = {"maximum_age": 0.25}
"""Parameters of a faces node whose camera is on another machine: a picture that was sent again,
packed and unpacked and measured by two clocks is older when it comes."""

NO_HEAD: Final = "none"

AUTOMATIC_MICROPHONE: Final = "auto"
NO_MICROPHONE: Final = "none"
ANY_MICROPHONE: Final = "device"

RESPAWN_DELAY_SECONDS: Final = 0.1
"""Pause between the death of a node and its restart; `emotion-bot up` makes it longer for one that
dies again and again."""

TRANSPORT_PROFILE: Final = "fastdds.xml"
"""File in config/ with the transports of all nodes."""

RECEIVE_BUFFER_BYTES: Final = 2**22
"""Of a node's UDP sockets, as the transport profiles ask for it."""


class Host(str, Enum):
    """Which part of the graph a machine runs.

    ROBOT has what is wired to it: camera, microphone, loudspeaker and head. That is also all that
    has to go on when the network is cut: the head node sends the head home by itself when no more
    set-points come, and a sensor can be closed where it is. WORKSTATION has all that computes.
    """

    ALL = "all"
    ROBOT = "robot"
    WORKSTATION = "workstation"


_TRANSPORT_PROFILES: Final = {
    Host.ALL: TRANSPORT_PROFILE,
    Host.ROBOT: "fastdds_robot.xml",
    Host.WORKSTATION: "fastdds_workstation.xml",
}


def default_environment(
    config: str, host: Host = Host.ALL, has_static_peers: bool = False
) -> dict[str, str]:
    """Return the environment of all nodes; a variable that the user has set must win.

    Args:
        config: folder with the parameter files.
        host: which part of the graph this machine runs.
        has_static_peers: the user has named the other machines in ROS_STATIC_PEERS.
    """
    split = host is not Host.ALL
    profile = f"{config}/{_TRANSPORT_PROFILES[host]}"
    return {
        **dict.fromkeys(PROFILE_VARIABLES, profile),
        "RMW_FASTRTPS_USE_QOS_FROM_XML": "1",
        # A robot that watches people stays on its own machine unless its owner says otherwise, or
        # with those machines that he names.
        RANGE_VARIABLE: "SUBNET" if split and not has_static_peers else LOCALHOST,
        # Networks choose their thread counts themselves; a second pool only fights for the cores.
        "OMP_NUM_THREADS": "1",
    }


@dataclass(frozen=True)
class BringUpOptions:
    """What a user chooses at bring-up; the strings are those of the command line.

    Attributes:
        source: scene[:MODE], webcam[:N], video:PATH, stream:URL or external.
        head: virtual, sim, serial[:PORT] or none.
        mic: auto, device[:N|:NAME], wav:PATH or none; `resolve_microphone` replaces auto.
        asr: speech recogniser: pocketsphinx, none, or a model of transformers.
        behaviour: whether it breathes, greets and mirrors, beyond following faces.
        speak: whether it says short sentences through espeak-ng.
        memory: whether it keeps a row of mood per person and minute.
        dashboard: whether it offers the live page.
        humans: whether it republishes people after REP-155; needs hri_msgs.
        record: folder of a bag to record; empty for none.
        consent: everybody who may be seen or heard has agreed to be recorded.
        namespace: prefix of all relative names; empty for none.
        host: which part runs on this machine; the other options are the same on every machine.
    """

    source: str = "scene"
    head: str = "virtual"
    mic: str = AUTOMATIC_MICROPHONE
    asr: str = DEFAULT_RECOGNIZER
    behaviour: bool = True
    speak: bool = False
    memory: bool = True
    dashboard: bool = True
    humans: bool = False
    record: str = ""
    consent: bool = False
    namespace: str = ""
    host: Host = Host.ALL


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
        place: the machine it runs on when the graph is split, ROBOT or WORKSTATION.
    """

    name: str
    executable: str
    module: str
    parameters: Mapping[str, bool | int | float | str] = field(default_factory=dict)
    remappings: tuple[tuple[str, str], ...] = ()
    is_source: bool = False
    place: Host = Host.WORKSTATION

    @property
    def parameter_file(self) -> str:
        """Name of the parameter file in config/."""
        return f"{self.name}.yaml"


def resolve_microphone(
    options: BringUpOptions,
    has_microphone: Callable[[], bool],
    has_sound: Callable[[str], bool],
) -> BringUpOptions:
    """Return the options with `auto` replaced: a video is heard itself, a camera has a device.

    Args:
        options: as the user chose them.
        has_microphone: tells whether there is a device to listen to; asked only if that matters.
        has_sound: tells whether a video has a sound track.
    """
    if options.mic != AUTOMATIC_MICROPHONE:
        return options
    if options.host is Host.WORKSTATION:
        # Devices and files are the robot's: a voice node for sound that never comes does no harm.
        has_microphone, has_sound = _always, _always
    kind, _, path = options.source.partition(":")
    if options.source.startswith(RECORDED_SOURCE) and has_sound(path):
        return replace(options, mic=options.source)
    if kind == LIVE_CAMERA and has_microphone():
        return replace(options, mic=ANY_MICROPHONE)
    return replace(options, mic=NO_MICROPHONE)


def _always(*_: str) -> bool:
    return True


def build_graph(options: BringUpOptions) -> tuple[NodeSpec, ...]:
    """Return the nodes of the options' host that the options ask for, in starting order.

    A graph that is split sends its images as JPEG: raw ones of 640×480 at 30 Hz are 220 Mbit/s. A
    node on the workstation makes raw ones of them again, so that the others need not know.
    """
    nodes = _whole_graph(options)
    if options.host is Host.ALL:
        return tuple(nodes)
    if options.host is Host.WORKSTATION:
        nodes.insert(0, _node("republish"))
    return tuple(node for node in nodes if node.place is options.host)


def _whole_graph(options: BringUpOptions) -> list[NodeSpec]:
    # People look at the page first. It also says what is on and kept; without it a small node does.
    nodes = [_node("dashboard" if options.dashboard else "privacy")]
    if options.head != NO_HEAD:
        nodes.append(_device("head", backend=options.head))
    if options.source != EXTERNAL_SOURCE:
        transport = "raw" if options.host is Host.ALL else "compressed"
        camera = _device("camera", source=options.source, image_transport=transport)
        nodes.append(replace(camera, is_source=True))
    recorded = options.source.startswith(RECORDED_SOURCE)
    near = {} if options.host is Host.ALL else FRAMES_FROM_AFAR
    nodes += [
        _node("faces", **(EVERY_FRAME if recorded else near)),
        _node("emotion"),
        _node("gaze", camera_on_head=not recorded),
    ]
    nodes += _hearing(options)
    if options.behaviour:
        nodes.append(_node("behaviour", speak=options.speak))
    if options.speak:
        nodes.append(_device("say", enabled=True))
    if options.memory:
        nodes.append(_node("mood"))
    if options.humans:
        nodes.append(_node("humans"))
    if options.record:
        # A recorder that was restarted goes on with its bag.
        nodes.append(
            _node("recorder", directory=options.record, consent=options.consent, resume=True)
        )
    return nodes


def _hearing(options: BringUpOptions) -> list[NodeSpec]:
    # An automatic choice that nobody made: only what is asked for is listened to.
    if options.mic in (AUTOMATIC_MICROPHONE, NO_MICROPHONE):
        return []
    # A video's sound waits for the camera's first picture, so its node may start with the others.
    follows = options.mic.startswith(RECORDED_SOURCE) and options.mic == options.source
    microphone = _device("microphone", source=options.mic, follow_camera=follows)
    nodes = [replace(microphone, is_source=not follows), _node("voice")]
    if options.asr != NO_RECOGNIZER:
        nodes.append(_node("speech", recognizer=options.asr))
    return nodes


def _device(name: str, **parameters: bool | int | float | str) -> NodeSpec:
    return replace(_node(name, **parameters), place=Host.ROBOT)


def _node(name: str, **parameters: bool | int | float | str) -> NodeSpec:
    return NodeSpec(name, f"{name}_node", f"emotion_bot.nodes.{name}", parameters)
