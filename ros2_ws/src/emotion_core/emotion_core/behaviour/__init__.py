"""What the robot does when it sees and hears people: states, postures, small movements, words."""
