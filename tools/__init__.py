"""Tools of the makers: what the Makefile calls and the application never needs."""
