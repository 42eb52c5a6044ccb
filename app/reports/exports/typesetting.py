"""A program of its own that makes a PDF: the job comes in as JSON, the file goes out.

typst keeps what it has set for the next time. In a server that goes on for months that would be gigabytes, so it goes
with a process of its own. This runs alone (``python -I``) and imports nothing of the application.
"""

import json
import sys

from typst import Compiler, Fonts


def main() -> None:
    """Set the template of the job with its data and its pictures."""
    job = json.load(sys.stdin)
    fonts = Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[job["fonts"]])
    inputs = {name: json.dumps(job[name]) for name in ("data", "pictures")}
    compiler = Compiler(
        job["template"], root=job["root"], font_paths=fonts, ignore_system_fonts=True, sys_inputs=inputs
    )
    made = compiler.compile(format="pdf")
    if not isinstance(made, bytes):
        raise TypeError("a PDF is one file")
    sys.stdout.buffer.write(made)


if __name__ == "__main__":
    main()
