"""A package, so that pytest ends its fixtures of scope "package" after its last test, not at the end of all tests."""
