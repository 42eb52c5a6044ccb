"""One load from beginning to end: read into the stage, compare, switch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.actions.imports import Fault, Report, few_collections
from app.actions.imports.report import MOST_TOLD
from app.integrations.sales_system.comparing import Load, compare
from app.integrations.sales_system.folders import FileSource
from app.integrations.sales_system.kinds import FAULTS, KINDS, ORDERS, Kind, Reader
from app.integrations.sales_system.reading import KindReader, told_from_json
from app.integrations.sales_system.settings import IMPORT, SourceSettings
from app.integrations.sales_system.sources import OpenSource, Portion
from app.integrations.sales_system.staging import order_stage, settle, write
from app.integrations.sales_system.switching import switch
from app.models.orders import Order
from app.security.scope import copying

#: So many rows are written at once.
AT_ONCE = 5_000
#: Called with the rows read and the rows expected of the kind.
Progress = Callable[[int, Callable[[], int]], None]


@dataclass
class Loaded:
    """What a load read and did."""

    load: Load
    reports: dict[str, Report]
    stamps: dict[str, Any] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    differences: int = 0


def read(
    session: Session,
    source: SourceSettings,
    *,
    zone: ZoneInfo,
    since: Mapping[str, Any],
    progress: Progress,
) -> Loaded:
    """Read a source into the stage, and work out what it would change; ``since`` has the stamps where to begin.

    Raises SourceFailed and Unusable.
    """
    whole = frozenset(key for key in source.rules if key not in since and source.name != IMPORT)
    loaded = Loaded(Load(source.name, whole=whole, has_order=isinstance(source.source, FileSource)), {})
    with few_collections(), source.source.opened() as opened:
        # Children first: what was added to a source meanwhile may lack children for now, but never a parent.
        for key in reversed(list(KINDS)):
            if key in source.rules:
                _read_kind(
                    session, opened, KINDS[key], source=source, zone=zone, since=since, loaded=loaded, tell=progress
                )
    compare(session, loaded.load)
    _count_faults(session, loaded)
    return loaded


def _read_kind(
    session: Session,
    opened: OpenSource,
    kind: Kind,
    *,
    source: SourceSettings,
    zone: ZoneInfo,
    since: Mapping[str, Any],
    loaded: Loaded,
    tell: Progress,
) -> None:
    with opened.portion(kind.key) as portion:
        reader = reader_of(kind, portion, source, zone)
        begin = (reader.stamp_place, since[kind.key]) if reader.stamp_place is not None and kind.key in since else None
        waiting: list[tuple[Any, ...]] = []
        for batch in portion.batches(reader.places, since=begin):
            rows, faults = reader.read(batch)
            waiting += rows
            write(session, FAULTS, faults)
            if len(waiting) >= AT_ONCE:
                write(session, kind.stage, waiting)
                waiting.clear()
            tell(reader.rows, lambda: portion.expected)
        write(session, kind.stage, waiting)
    order_stage(session, kind)
    loaded.load.given[kind.key] = reader.given
    loaded.reports[kind.key] = Report(kind.key, rows=reader.rows, ignored_columns=list(reader.ignored))
    if reader.last_stamp is not None:
        loaded.stamps[kind.key] = reader.last_stamp


def reader_of(kind: Kind, portion: Portion, source: SourceSettings, zone: ZoneInfo) -> KindReader:
    """What reads a kind of a source; raises Unusable."""
    reader = Reader(zone, source.allow_returns)
    return KindReader(kind, portion.headers, source.rules[kind.key], reader, stamp=source.stamps.get(kind.key, ""))


def _count_faults(session: Session, loaded: Loaded) -> None:
    settle(session, FAULTS)
    count = func.count(FAULTS.c.row.distinct())
    for key, failed in session.execute(select(FAULTS.c.kind, count).group_by(FAULTS.c.kind)):
        loaded.reports[key].failed = failed
    for key, report in loaded.reports.items():
        first = select(FAULTS).where(FAULTS.c.kind == key).order_by(FAULTS.c.row).limit(MOST_TOLD)
        report.errors = [Fault(row.row, row.column, str(told_from_json(row.reason))) for row in session.execute(first)]


def take_over(session: Session, loaded: Loaded, *, at: datetime) -> None:
    """Write what was read, in the running transaction; ``at`` is in the company's time zone."""
    with copying(session):
        loaded.removed = switch(session, loaded.load, loaded.reports, at=at)
    if ORDERS.key in loaded.reports:
        loaded.reports[ORDERS.key].unmatched = _unmatched(session, loaded.load)
        loaded.differences = _differences(session, loaded.load)


def _unmatched(session: Session, load: Load) -> int:
    """The orders that are nobody's: all of the source, or those of the file."""
    is_open = Order.customer_id.is_(None)
    is_concerned: ColumnElement[bool]
    if load.is_import:
        is_concerned = Order.number.in_(select(ORDERS.stage.c.number).where(~ORDERS.stage.c.is_bad))
    else:
        is_concerned = Order.source == load.source
    return session.scalar(select(func.count(Order.id)).where(is_open, is_concerned)) or 0


def _differences(session: Session, load: Load) -> int:
    """The orders whose lines come to something else than the source says."""
    differs = (Order.source == load.source, Order.stated_total != Order.total)
    return session.scalar(select(func.count(Order.id)).where(*differs)) or 0
