"""What the nodes do with their messages, without a node: the same on the robot and in a replay.

Everything here takes messages and the present time and returns messages. It keeps no clock, no
timer, no publisher.
"""
