"""The churn scan at the push of a button, beside the schedule."""

from typing import Any

from flask import flash, redirect
from flask_appbuilder.baseviews import BaseView

from app.clock import now
from app.extensions import session
from app.i18n import Label, gettext
from app.jobs.churn import scan_now
from app.security.rights import CHURN, Verb
from app.views.edge import actor, zone
from app.views.guards import expose, needs
from app.views.presentation import Button


class ChurnScan(BaseView):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """扫描流失客户."""

    route_base = "/churn/scan"
    screen = CHURN

    @expose("", methods=["POST"])
    @needs(Verb.SCAN)
    def scan(self) -> Any:
        """Have all customers looked at at once; what came of it stands in the job."""
        job = scan_now(session(), by=actor(), at=now(zone()))
        session().commit()
        flash(gettext("It begins at once."), "success")
        return redirect(f"/jobs/show/{job.id}")


def scan_button() -> Button | None:
    """The button above the list of cases, for who may."""
    if not actor().may(CHURN.right(Verb.SCAN)):
        return None
    return Button(Label("Scan now"), ChurnScan.route_base, "scan", "refresh", is_post=True)
