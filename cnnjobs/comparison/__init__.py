"""From stored trials to variants that are compared: tables, paired differences, predictions, several data sets."""
