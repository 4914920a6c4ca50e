"""Plays a bag to the robot's nodes: `ros2 launch emotion_bot replay.launch.py bag:=DIR`.

The nodes run by the bag's time (use_sim_time), which the player publishes on /clock. Unlike
`ros2 bag play`, the player unpacks recorded JPEG frames and leaves out what the nodes make anew.
"""

import os
from pathlib import Path

from ament_index_python.packages import get_package_prefix, get_package_share_path
from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    OpaqueFunction,
    RegisterEventHandler,
    SetEnvironmentVariable,
)
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from emotion_bot.graph import NodeSpec, default_environment
from emotion_bot.replay.dds import replayed_nodes
from emotion_core.replay.bag_reader import BagReader


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments; the nodes depend on what the bag holds."""
    environment = default_environment(str(_config_directory()))
    return LaunchDescription(
        [
            DeclareLaunchArgument("bag", description="folder or MCAP file of the bag"),
            DeclareLaunchArgument("rate", default_value="1.0", description="times real time"),
            DeclareLaunchArgument(
                "namespace", default_value="", description="prefix of all topics"
            ),
            *[
                SetEnvironmentVariable(name, value)
                for name, value in environment.items()
                if name not in os.environ
            ],
            OpaqueFunction(function=_actions),
        ]
    )


def _config_directory() -> Path:
    return get_package_share_path("emotion_bot") / "config"


def _actions(context: LaunchContext) -> list[Action]:
    bag, rate, namespace = (
        LaunchConfiguration(name).perform(context) for name in ("bag", "rate", "namespace")
    )
    with BagReader(Path(bag)) as reader:
        nodes = [_node(spec, namespace) for spec in replayed_nodes(reader)]
    program = Path(get_package_prefix("emotion_bot"), "lib", "emotion_bot", "emotion-bot")
    command = [str(program), "replay", bag, "--no-nodes", "--rate", rate]
    if namespace:
        command += ["--namespace", namespace]
    player = ExecuteProcess(cmd=command, output="screen")
    ended = OnProcessExit(
        target_action=player, on_exit=[EmitEvent(event=Shutdown(reason="the bag is over"))]
    )
    return [*nodes, player, RegisterEventHandler(ended)]


def _node(spec: NodeSpec, namespace: str) -> Node:
    overrides = {
        name: ParameterValue(value, value_type=type(value))
        for name, value in spec.parameters.items()
    }
    return Node(
        package="emotion_bot",
        executable=spec.executable,
        name=spec.name,
        namespace=namespace,
        parameters=[str(_config_directory() / spec.parameter_file), overrides],
        remappings=list(spec.remappings),
        output="screen",
    )
