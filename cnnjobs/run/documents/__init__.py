"""What commands say, as documents for programs: a module a command, made of the objects that make its text."""
