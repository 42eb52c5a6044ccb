"""``python -m bench --size small``: measures every row on both databases; exit status 1 when a limit is broken."""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.browser import Unexpected
from bench.report import Line, table, write_json
from bench.rows import ROWS, Row
from bench.stage import Stage
from bench.stores import STORES

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "bench"
OUTCOME = ROOT / "build" / "bench.json"
SIZES = {"small": 2_000, "medium": 200_000, "large": 1_000_000}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, keep. Returns the exit status."""
    given = _parser().parse_args(arguments)
    rows = [row for row in ROWS if row.customers <= given.size and _is_wanted(row, given)]
    began = time.monotonic()
    try:
        lines = [line for backend in given.on for line in run(backend, rows, given.size, given.folder)]
    except Unexpected as error:
        print(error, file=sys.stderr)
        return 1
    write_json(lines, given.json)
    print(table(lines))
    missed = [line for line in lines if not line.is_ok]
    red = sum(not line.row.is_open for line in missed)
    took = f"{time.monotonic() - began:.0f} s"
    print(f"\n{len(lines)} rows, {red} red, {len(missed) - red} open, {took}, {given.size:,} customers: {given.json}")
    return 1 if red else 0


def _is_wanted(row: Row, given: argparse.Namespace) -> bool:
    return given.only in row.name and given.unit in {"", row.unit}


def run(backend: str, rows: Sequence[Row], customers: int, folder: Path) -> Iterator[Line]:
    """Measure ``rows`` one after the other on one kind of database."""
    with STORES[backend](folder) as store, Stage(store, folder, customers) as stage:
        for row in rows:
            _tell(f"{backend}: {row.name} …")
            yield Line(backend, row, row.measure(stage, row.limit))
        _tell("")


def _tell(what: str) -> None:
    """Say to a person who looks on what is being measured, in place of what was said before."""
    if sys.stderr.isatty():
        print(f"\x1b[2K{what}", end="\r", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--size", type=_size, default=SIZES["small"], help=f"{', '.join(SIZES)} or a number of customers"
    )
    parser.add_argument("--on", nargs="+", choices=tuple(STORES), default=list(STORES), help="the databases")
    parser.add_argument("--only", default="", metavar="TEXT", help="only rows with this in their names")
    parser.add_argument("--unit", default="", help="only rows measured in this, as statements or kB")
    parser.add_argument("--json", type=Path, default=OUTCOME, help="where the outcome is written")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the companies are kept")
    return parser


def _size(text: str) -> int:
    if text not in SIZES and not text.isdigit():
        raise argparse.ArgumentTypeError(f"expected {', '.join(SIZES)} or a number of customers")
    return SIZES.get(text) or int(text)


if __name__ == "__main__":
    raise SystemExit(main())
