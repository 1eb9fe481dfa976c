"""Predictions of networks that were never trained."""

import numpy as np


def made_up(classes, count, *, seed=0, absent=(), digits=None):
    """Labels, predictions and probabilities of a middling network; rounded probabilities make ties."""
    chance = np.random.default_rng(seed)
    labels = chance.choice(np.setdiff1d(np.arange(classes), absent), count).astype(np.int32)
    logits = chance.normal(size=(count, classes))
    logits[np.arange(count), labels] += 1.5
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    probabilities = (probabilities if digits is None else probabilities.round(digits)).astype(np.float32)
    return labels, probabilities.argmax(axis=1).astype(np.int32), probabilities
