"""Starts the application; nothing else."""

from app.serve import main

if __name__ == "__main__":
    raise SystemExit(main())
