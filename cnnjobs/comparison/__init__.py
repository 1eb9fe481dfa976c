"""Comparisons of variants from stored trials: tables, paired differences, predictions, several data sets."""
