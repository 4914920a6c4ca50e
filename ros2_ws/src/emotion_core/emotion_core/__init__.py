"""Everything emotion_bot computes: perception, affect, gaze and the head, without ROS."""
