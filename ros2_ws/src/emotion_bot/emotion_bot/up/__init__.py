"""Running the robot without a system ROS: processes, an observer, a live view and a report."""
