"""Sessions on the screen: where somebody is signed in, and ending it."""

from dataclasses import dataclass
from typing import Any

from flask import flash, g, redirect
from flask_appbuilder.baseviews import BaseView

from app.actions.sessions import end_sessions, open_sessions
from app.clock import now
from app.extensions import session
from app.i18n import Label, format_moment, ngettext
from app.models.org import Employee
from app.models.sessions import EndReason
from app.security.rights import USERS, Verb, module_of
from app.views.devices import device_in_words, is_handheld
from app.views.edge import load
from app.views.guards import expose, needs
from app.views.presentation import Page

SESSIONS = Label("Sessions")


@dataclass(frozen=True)
class SessionLine:
    """A session as drawn."""

    key: int
    device: str
    is_handheld: bool
    address: str
    since: str
    seen: str
    is_this: bool


class UserSessions(BaseView):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """Somebody else's sessions, for who may end them."""

    route_base = f"/{USERS.key}"
    default_view = "index"
    screen = USERS
    model = Employee

    @expose("/<int:pk>/sessions")
    @needs(Verb.END_SESSIONS)
    def index(self, pk: int) -> Any:
        """Where a person is signed in."""
        who = load(Employee, pk)
        crumbs = [(USERS.label, f"/{USERS.key}/list/"), (who, f"/{USERS.key}/show/{pk}"), (SESSIONS, "")]
        return self.render_template(
            "crm/user_sessions.html",
            page=Page(SESSIONS, module_of(USERS).label, crumbs),
            who=who,
            lines=session_lines(pk),
        )

    @expose("/<int:pk>/sessions/end", methods=["POST"])
    @needs(Verb.END_SESSIONS)
    def end(self, pk: int) -> Any:
        """End every session of a person; of one's own, all but this one."""
        end_all(load(Employee, pk).id, why=EndReason.BY_ADMINISTRATOR)
        return redirect(f"/{USERS.key}/{pk}/sessions")


def session_lines(person_id: int) -> list[SessionLine]:
    """Where a person is signed in, this session first."""
    lines = [
        SessionLine(
            one.id,
            device_in_words(one.user_agent),
            is_handheld(one.user_agent),
            one.address,
            format_moment(one.started_at),
            format_moment(one.last_seen_at),
            one.id == g.known.sign_in_id,
        )
        for one in open_sessions(session(), person_id, at=now())
    ]
    return sorted(lines, key=lambda line: not line.is_this)


def end_all(person_id: int, *, why: EndReason) -> None:
    """End every session of a person but this one, commit, and say how many."""
    count = end_sessions(session(), person_id, why=why, at=now(), but=g.known.sign_in_id)
    session().commit()
    flash(ngettext("%(num)s session is ended.", "%(num)s sessions are ended.", count), "success")
