"""The reports, one in a file of its name, each declared as ``REPORT = Report(…)``."""
