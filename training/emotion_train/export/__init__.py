"""Writing trained networks in the forms that the robot runs."""
