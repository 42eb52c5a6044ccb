"""The outside: other systems from which the program reads."""
