"""Pictures that are the same, or nearly."""
