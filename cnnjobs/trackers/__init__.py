"""Sends stored trials to experiment trackers: TensorBoard, MLflow, Weights & Biases."""
