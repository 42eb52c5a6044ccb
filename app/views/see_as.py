"""See as: an administrator looks through somebody's eyes, changes nothing, and is told why something is refused."""

from typing import Any

from flask import g, redirect
from flask import session as cookie
from flask_appbuilder.baseviews import BaseView

from app.errors import Forbidden
from app.extensions import session
from app.i18n import Label
from app.models.audit import AuditKind
from app.models.org import Employee
from app.security.audit import note
from app.security.rights import USERS, Verb
from app.security.see_as import seen_through
from app.views.edge import SEEN_AS, actor, load
from app.views.guards import expose, needs, public


class SeeAs(BaseView):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """Beginning and ending to see as somebody."""

    route_base = "/see-as"
    screen = USERS

    @expose("/<int:pk>", methods=["POST"])
    @needs(Verb.SEE_AS)
    def begin(self, pk: int) -> Any:
        """Look through the eyes of a person from now on."""
        seen = seen_through(session(), actor(), load(Employee, pk).id)
        if seen is None:
            raise Forbidden(Label("You can see only as an enabled person whose rights do not go beyond yours."))
        cookie[SEEN_AS] = pk
        note(session(), AuditKind.SEEN_AS, about=seen[0])
        session().commit()
        return redirect("/")

    @expose("/end", methods=["POST"])
    @public
    def end(self) -> Any:
        """Look through one's own eyes again; public, since the one seen as may hold no right."""
        person = session().get(Employee, cookie.pop(SEEN_AS, 0)) if g.actor else None
        if person is None:
            return redirect("/")
        note(session(), AuditKind.SEEN_AS_ENDED, about=person)
        session().commit()
        return redirect(f"/users/show/{person.id}")
