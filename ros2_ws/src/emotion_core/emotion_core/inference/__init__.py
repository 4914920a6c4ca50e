"""Running the shipped ONNX models."""
