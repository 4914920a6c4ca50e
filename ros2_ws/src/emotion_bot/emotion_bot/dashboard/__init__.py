"""The live page: what the robot sees, infers, senses and keeps, in a browser."""
