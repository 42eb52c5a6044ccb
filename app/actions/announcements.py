"""Announcements: those of a day, and writing and changing them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.actions.records import create_record, edit_record
from app.errors import Invalid
from app.i18n import Label
from app.models.announcements import Announcement
from app.security.actor import Actor
from app.security.rights import ANNOUNCEMENTS

TYPED_FIELDS = ("title", "text", "starts_on", "ends_on")


def current_announcements(session: Session, day: date, most: int) -> Sequence[Announcement]:
    """Those that hold on ``day``, the latest first."""
    statement = (
        select(Announcement)
        .where(Announcement.is_current(day))
        .order_by(Announcement.starts_on.desc(), Announcement.id.desc())
        .limit(most)
    )
    return session.scalars(statement).all()


def create_announcement(session: Session, values: Mapping[str, Any], *, by: Actor) -> Announcement:
    """A new announcement of the typed ``values``."""
    _check_days(values)
    made: Announcement = create_record(session, Announcement, values, by=by, screen=ANNOUNCEMENTS)
    return made


def edit_announcement(
    session: Session, announcement: Announcement, values: Mapping[str, Any], *, by: Actor, version: int | None
) -> None:
    """Change what may be typed."""
    _check_days(values)
    edit_record(session, announcement, values, by=by, screen=ANNOUNCEMENTS, version=version)


def _check_days(values: Mapping[str, Any]) -> None:
    first, last = values["starts_on"], values["ends_on"]
    if last is not None and last < first:
        raise Invalid({"ends_on": Label("The last day cannot come before the first.")})
