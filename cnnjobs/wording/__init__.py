"""What is said to a person: labels, sentences, and the one way to the screen."""
