"""Network architectures in torch. Only training and export import this package."""
