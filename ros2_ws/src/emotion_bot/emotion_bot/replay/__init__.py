"""Recording bags, playing them into the nodes, and running the nodes' logic on them exactly."""
