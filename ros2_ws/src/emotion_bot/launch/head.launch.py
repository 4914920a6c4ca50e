"""Starts the head alone: `ros2 launch emotion_bot head.launch.py head:=serial:/dev/ttyACM0`."""

from ament_index_python.packages import get_package_share_path
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from emotion_bot.graph import RESPAWN_DELAY_SECONDS


def generate_launch_description() -> LaunchDescription:
    """Start the head node, which accepts head/command and publishes joint_states."""
    config = get_package_share_path("emotion_bot") / "config" / "head.yaml"
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "head", default_value="serial", description="sim, virtual or serial[:PORT]"
            ),
            Node(
                package="emotion_bot",
                executable="head_node",
                name="head",
                parameters=[
                    str(config),
                    {"backend": ParameterValue(LaunchConfiguration("head"), value_type=str)},
                ],
                respawn=True,
                respawn_delay=RESPAWN_DELAY_SECONDS,
                output="screen",
            ),
        ]
    )
