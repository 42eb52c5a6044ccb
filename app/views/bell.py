"""The bell of the top bar: how many reminders the person of this request has not read."""

from dataclasses import dataclass

from flask import g
from sqlalchemy.exc import DBAPIError

from app.actions.reminders import MOST_COUNTED, unread_count
from app.extensions import session
from app.i18n import gettext


@dataclass(frozen=True)
class Bell:
    """The number of unread reminders as the bell shows and says it."""

    count: int

    @property
    def text(self) -> str:
        """The number beside the bell; empty when everything is read."""
        if self.count > MOST_COUNTED:
            return f"{MOST_COUNTED}+"
        return str(self.count or "")

    @property
    def label(self) -> str:
        """What a screen reader says."""
        return gettext("Reminders, %(count)s unread", count=self.text) if self.text else gettext("Reminders")


def bell() -> Bell:
    """The bell of this page; a silent one while the database fails, whose page of an error carries a bell too."""
    try:
        with session().no_autoflush:
            return Bell(unread_count(session(), by=g.actor))
    except DBAPIError:
        session().rollback()
        return Bell(0)
