"""The ROS 2 nodes and commands of emotion_bot: thin shells around emotion_core."""
