"""What tests need beside pytest, named by what it is."""
