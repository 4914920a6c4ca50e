"""The tasks that can be trained; each joins settings, data, network and objective."""
