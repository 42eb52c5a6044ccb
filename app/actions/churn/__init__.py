"""Customers about to be lost: how they are found, and what may be done about them."""
