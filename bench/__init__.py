"""Measures speed and size against a plain Flask-AppBuilder application over the same tables."""
