"""Starts the whole robot: `ros2 launch emotion_bot bringup.launch.py source:=webcam`."""

import os
from pathlib import Path

from ament_index_python.packages import get_package_share_path
from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from emotion_bot import hri
from emotion_bot.graph import (
    RESPAWN_DELAY_SECONDS,
    BringUpOptions,
    Host,
    NodeSpec,
    build_graph,
    default_environment,
)
from emotion_bot.security import enclave
from emotion_bot.transport import has_static_peers
from emotion_bot.up.microphone_choice import choose_microphone
from emotion_core.head.factory import default_head


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments; the graph is built when their values are known."""
    defaults = BringUpOptions()
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "source",
                default_value=defaults.source,
                description="scene[:MODE], webcam[:N], video:PATH, stream:URL or external",
            ),
            DeclareLaunchArgument(
                "head",
                default_value=default_head(),
                description="sim, virtual, serial:PORT or none",
            ),
            DeclareLaunchArgument(
                "mic",
                default_value=defaults.mic,
                description="auto, device[:N|:NAME], wav:PATH or none",
            ),
            DeclareLaunchArgument(
                "asr",
                default_value=defaults.asr,
                description="speech recogniser: pocketsphinx, none, or a model of transformers",
            ),
            _switch("behaviour", defaults.behaviour, "breathe, greet and mirror"),
            _switch("speak", defaults.speak, "say short sentences; needs espeak-ng"),
            _switch("memory", defaults.memory, "keep a row of mood per person and minute"),
            _switch("dashboard", defaults.dashboard, "offer the live page"),
            _switch("humans", defaults.humans, "republish people after REP-155; needs hri_msgs"),
            DeclareLaunchArgument(
                "record", default_value="", description="folder of a bag to record"
            ),
            _switch("consent", defaults.consent, "everybody in view has agreed to be recorded"),
            DeclareLaunchArgument(
                "namespace", default_value=defaults.namespace, description="prefix of all topics"
            ),
            DeclareLaunchArgument(
                "host",
                default_value=defaults.host.value,
                choices=[host.value for host in Host],
                description="which part of the graph to run here; give the rest alike",
            ),
            OpaqueFunction(function=_actions),
        ]
    )


def _switch(name: str, default: bool, description: str) -> DeclareLaunchArgument:
    return DeclareLaunchArgument(
        name,
        default_value=str(default).lower(),
        choices=["true", "false"],
        description=description,
    )


def _config_directory() -> Path:
    return get_package_share_path("emotion_bot") / "config"


def _actions(context: LaunchContext) -> list[Action]:
    def value(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    options = BringUpOptions(
        source=value("source"),
        head=value("head"),
        mic=value("mic"),
        asr=value("asr"),
        behaviour=value("behaviour") == "true",
        speak=value("speak") == "true",
        memory=value("memory") == "true",
        dashboard=value("dashboard") == "true",
        humans=value("humans") == "true",
        record=value("record"),
        consent=value("consent") == "true",
        namespace=value("namespace"),
        host=Host(value("host")),
    )
    if options.humans and (missing := hri.missing_messages()):
        raise RuntimeError(missing)
    nodes = [_node(spec, options.namespace) for spec in build_graph(choose_microphone(options))]
    return [*_environment(options.host), *nodes]


def _environment(host: Host) -> list[Action]:
    variables = default_environment(str(_config_directory()), host, has_static_peers())
    return [
        SetEnvironmentVariable(name, value)
        for name, value in variables.items()
        if name not in os.environ
    ]


def _node(spec: NodeSpec, namespace: str) -> Node:
    config = _config_directory() / spec.parameter_file
    overrides = {
        name: ParameterValue(value, value_type=type(value))
        for name, value in spec.parameters.items()
    }
    return Node(
        package="emotion_bot",
        executable=spec.executable,
        name=spec.name,
        namespace=namespace,
        parameters=[str(config), overrides],
        remappings=list(spec.remappings),
        ros_arguments=["--enclave", enclave(spec.name)],
        respawn=True,
        respawn_delay=RESPAWN_DELAY_SECONDS,
        output="screen",
    )
