"""What the robot senses, sends and keeps, and who may see it."""
