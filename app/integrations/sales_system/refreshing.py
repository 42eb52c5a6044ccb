"""A refresh: one source is read and takes the place of its last copy, or the last copy stays as it was."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, delete, insert, literal, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.actions.imports import Report, Unusable
from app.clock import now
from app.errors import DomainError
from app.i18n import Label, Told
from app.integrations.sales_system import turns
from app.integrations.sales_system.kinds import FAULTS
from app.integrations.sales_system.loading import Loaded, read, take_over
from app.integrations.sales_system.settings import SourceSettings
from app.integrations.sales_system.sources import SourceFailed
from app.integrations.sales_system.staging import be_alone, staged
from app.jobs.frame.schedule import latest_tick
from app.models.sales_system import Refresh, RefreshState, SetAside

#: When the night is over in which everything is read whole, even where stamps tell what changed.
NIGHT = time(3)
#: So many rows of a kind are listed; how many there are in all, the counts say.
MOST_SET_ASIDE = 10_000
COUNTS = ("rows", "created", "updated", "skipped", "failed", "unmatched")
STAMPS: Mapping[str, Callable[[str], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "int": int,
    "float": float,
    "Decimal": Decimal,
    "bytes": bytes.fromhex,
    "str": str,
}


@dataclass(frozen=True)
class Occasion:
    """Why a refresh takes place: who asked for it (None: nobody), and whether everything is to be read."""

    zone: ZoneInfo
    person_id: int | None = None
    is_whole: bool = False
    progress: Callable[[int, Callable[[], int]], None] = lambda _done, _expected: None


@dataclass(frozen=True)
class Refreshed:
    """What came of a refresh: what each kind did, else why it failed."""

    source: str
    reports: Mapping[str, Report]
    removed: Mapping[str, int]
    failure: Told | None = None


def refresh(engine: Engine, source: SourceSettings, occasion: Occasion) -> Refreshed:
    """Refresh one source. What keeps it from being read is kept and told; a defect of ours is raised as well."""
    at = now()
    since = {} if occasion.is_whole else _since(engine, source, at, occasion.zone)
    row = Refresh(source=source.name, started_at=at, person_id=occasion.person_id, is_whole=not since)
    try:
        turn = turns.begin(engine, row)
    except DomainError as refusal:
        return Refreshed(source.name, {}, {}, Told.of(refusal.sentence))
    try:
        return _run(engine, source, occasion, turn=turn, since=since)
    except (SourceFailed, Unusable, turns.Overtaken, DBAPIError) as error:
        failure = _failure(error)
        turn.fail(now(), failure)
        return Refreshed(source.name, {}, {}, failure)
    except BaseException:
        turn.fail(now(), Told.of(turns.ENDED))
        raise


def _run(
    engine: Engine, source: SourceSettings, occasion: Occasion, *, turn: turns.Turn, since: Mapping[str, Any]
) -> Refreshed:
    def tell(done: int, expected: Callable[[], int]) -> None:
        turn.beat(now())
        occasion.progress(done, expected)

    with staged(engine) as session:
        loaded = read(session, source, zone=occasion.zone, since=since, progress=tell)
        be_alone(session)
        turn.hold(session, now())
        take_over(session, loaded, at=now(occasion.zone))
        _replace_set_aside(session, turn.refresh_id, loaded)
        _end(session, turn, loaded, since)
        session.commit()
    return Refreshed(source.name, loaded.reports, loaded.removed)


def _failure(error: Exception) -> Told:
    if isinstance(error, SourceFailed):
        return error.told
    if isinstance(error, DBAPIError):
        why = str(error.orig).strip().split("\n", maxsplit=1)[0]
        return Told.of(Label("The database refused, nothing was written: %(why)s"), why=why)
    return Told.of(error.sentence if isinstance(error, DomainError) else str(error))


def _end(session: Session, turn: turns.Turn, loaded: Loaded, since: Mapping[str, Any]) -> None:
    differences = None
    if loaded.differences:
        sentence = Label("Orders whose lines do not come to the stated total: %(count)s.")
        differences = Told.of(sentence, count=loaded.differences)
    row = turn.end(session, RefreshState.DONE, now(), differences)
    row.counts = {
        key: {name: getattr(report, name) for name in COUNTS} | {"removed": loaded.removed[key]}
        for key, report in loaded.reports.items()
    }
    if loaded.differences:
        row.counts["orders"]["differences"] = loaded.differences
    row.stamps = {key: _as_json(value) for key, value in {**since, **loaded.stamps}.items()}
    session.flush()


def _replace_set_aside(session: Session, refresh_id: int, loaded: Loaded) -> None:
    """The list tells of the rows as they were read last; what an incremental refresh did not read stays in it."""
    source = loaded.load.source
    for key in loaded.reports:
        is_kind = (SetAside.source == source, SetAside.kind == key)
        read_again = () if key in loaded.load.whole else (SetAside.content.in_(select(FAULTS.c.content)),)
        session.execute(delete(SetAside).where(*is_kind, *read_again), execution_options={"synchronize_session": False})
        found = select(literal(refresh_id), literal(source), *FAULTS.columns).where(FAULTS.c.kind == key)
        names = ("refresh_id", "source", *(column.name for column in FAULTS.columns))
        session.execute(insert(SetAside).from_select(names, found.order_by(FAULTS.c.row).limit(MOST_SET_ASIDE)))


# ---- how far the last one came --------------------------------------------------------------------------


def _since(engine: Engine, source: SourceSettings, at: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """The stamps to go on from, by kind: none when everything is to be read, as it is once a night."""
    if not source.stamps:
        return {}
    is_done = (Refresh.source == source.name, Refresh.state == RefreshState.DONE)
    latest = select(Refresh).where(*is_done).order_by(Refresh.id.desc()).limit(1)
    with turns.short(engine) as session:
        whole = session.scalar(latest.where(Refresh.is_whole))
        last = session.scalar(latest)
        if whole is None or last is None or whole.started_at < latest_tick(NIGHT, at, zone):
            return {}
        return {key: _from_json(last.stamps[key]) for key in source.stamps if key in last.stamps}


def _as_json(value: Any) -> list[str]:
    kind = "datetime" if isinstance(value, datetime) else type(value).__name__
    text = (
        value.hex() if isinstance(value, bytes) else value.isoformat() if kind in {"datetime", "date"} else str(value)
    )
    return [kind if kind in STAMPS else "str", text]


def _from_json(kept: list[str]) -> Any:
    return STAMPS[kept[0]](kept[1])
