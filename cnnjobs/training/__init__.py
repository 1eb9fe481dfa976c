"""Trains one trial under `tf.distribute`; with `models.networks` the only place that imports TensorFlow."""
