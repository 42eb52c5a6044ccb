"""The matrix of a role: looked at, changed with a preview before it is saved, and taken back to a former version."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, flash, redirect, render_template, request
from wtforms import HiddenField, StringField
from wtforms.validators import Length

from app.actions import roles
from app.clock import now
from app.errors import DomainError, Forbidden
from app.extensions import session
from app.i18n import Label, format_moment, gettext
from app.models.org import Role
from app.models.roles import RoleVersion
from app.reports.roles import NOBODY, Held, held_by, preview
from app.security.rights import ROLES, Verb
from app.security.roles import RoleState, change_between, name_of_role
from app.views.edge import actor, read_key
from app.views.forms import CrmForm, plain_text, storable
from app.views.guards import expose, needs
from app.views.listing import BadAddress
from app.views.presentation import Button
from app.views.roles.matrix import Matrix, field_names, read_state
from app.views.roles.screen import RoleScreen
from app.views.roles.words import ChangeLine, Panel, change_lines, named, panel_of, role_names
from app.views.saving import Failure, attempt

LONGEST_NOTE = 500


class PublishForm(CrmForm):
    """What comes with a matrix: why, over which version it was made, and the mark of the state that was previewed."""

    note = StringField(
        Label("Note (optional)"),
        [Length(max=LONGEST_NOTE), storable],
        filters=[plain_text],
        render_kw={"maxlength": LONGEST_NOTE, "autocomplete": "off"},
    )
    version = HiddenField()
    confirmed = HiddenField()


@dataclass(frozen=True)
class Opened:
    """A role as it is now, with its last version."""

    role: Role
    state: RoleState
    last: RoleVersion | None

    @property
    def number(self) -> int:
        """The number of the last version; 0 for a role that was never changed here."""
        return self.last.number if self.last is not None else 0


@dataclass(frozen=True)
class VersionLine:
    """One version: what it changed, and how far the role is from it now."""

    version: RoleVersion
    lines: Sequence[ChangeLine]
    distance: int
    is_current: bool


class RolePublishing(RoleScreen):
    """The matrix of each role."""

    def _open(self, pk: int) -> Opened:
        role = self.load(pk)
        return Opened(role, roles.state_of(session(), role), roles.last_version(session(), role))

    @expose("/show/<int:pk>")
    @needs(Verb.SEE)
    def show(self, pk: int) -> Any:
        """What a role can do; with ``version`` in the address what it could do then, ready to be published again."""
        opened, form = self._open(pk), PublishForm()
        asked = request.args.get("version")
        if asked is None:
            return self._matrix_page(opened, opened.state, form)
        version = roles.version_of(session(), opened.role, _number(asked))
        wanted = roles.state_in(version, opened.state)
        panel = Panel(lines=change_lines(change_between(opened.state, wanted)))
        gone = sorted(roles.gone_since(version))
        return self._matrix_page(opened, wanted, form, panel=panel, restored=version, gone=len(gone))

    def _matrix_page(self, opened: Opened, wanted: RoleState, form: CrmForm, **more: Any) -> str:
        form["version"].data = opened.number
        held = held_by(session()).get(opened.role.id, NOBODY)
        context = {"panel": Panel(), "notice": "", "meanwhile": (), "restored": None, "gone": 0, **more}
        return str(
            self.render_template(
                "crm/role.html",
                page=self.page(role=opened.role),
                pk=opened.role.id,
                people=held.active,
                matrix=Matrix(opened.state, wanted, actor(), actor().may(ROLES.right(Verb.EDIT))),
                form=form,
                shown=self._buttons_shown(opened, held),
                others=self._buttons_behind(opened, held),
                role_names=role_names,
                named=named,
                path=self.path,
                **context,
            )
        )

    def _buttons_shown(self, opened: Opened, held: Held) -> list[Button]:
        compare = Button(Label("Compare"), self.path(f"compare?left={opened.role.id}"), "compare", "arrows-diff")
        return [compare, *(button for button in self.buttons(opened.role, held, opened.state) if button.key == "copy")]

    def _buttons_behind(self, opened: Opened, held: Held) -> list[Button]:
        versions = Button(Label("Versions"), self.path(f"versions/{opened.role.id}"), "versions", "history")
        holders = Button(Label("Who has a right"), self.path("holders"), "holders", "users")
        return [
            versions,
            holders,
            *(button for button in self.buttons(opened.role, held, opened.state) if button.key != "copy"),
        ]

    # ---- preview and publishing -------------------------------------------------------------------------

    @expose("/preview/<int:pk>", methods=["POST"])
    @needs(Verb.EDIT)
    def preview(self, pk: int) -> Any:
        """What the ticks would change, and for whom; changes nothing. A part of the page when a script asks."""
        form, wanted = _posted()
        opened = self._open(pk)
        if not request.headers.get("HX-Request"):
            return self._previewed(opened, wanted, form)
        panel, code = self._panel(opened, wanted)
        body = render_template(
            "crm/role_preview.html", panel=panel, pk=pk, role_names=role_names, named=named, is_part=True
        )
        return body, code

    @expose("/save/<int:pk>", methods=["GET", "POST"])
    @needs(Verb.EDIT)
    def save(self, pk: int) -> Any:
        """Publish the ticks; what was not previewed just like this is previewed first.

        A GET, as after signing in again, leads to the matrix.
        """
        if request.method == "GET":
            return redirect(self.path(f"show/{pk}"))
        form, wanted = _posted()
        opened = self._open(pk)
        if form["confirmed"].data != wanted.mark:
            return self._previewed(opened, wanted, form)
        seen = form.seen_version or 0
        failure = self._publish(opened.role, wanted, form)
        if failure is None:
            flash(gettext("Saved. It takes effect with the next click of everybody concerned."), "success")
            return redirect(self.path(f"show/{pk}"))
        opened = self._open(pk)
        body = self._previewed(opened, wanted, form, notice=failure.notice, meanwhile=_meanwhile(opened, seen))
        return body[0], failure.code

    def _publish(self, role: Role, wanted: RoleState, form: CrmForm) -> Failure | None:
        seen, note = form.seen_version or 0, form["note"].data or ""
        try:
            return attempt(
                form, lambda: roles.publish(session(), role, wanted, by=actor(), at=now(), seen=seen, note=note)
            )
        except Forbidden as refusal:
            return Failure(refusal.status, refusal.sentence)

    def _previewed(self, opened: Opened, wanted: RoleState, form: CrmForm, **more: Any) -> tuple[str, int]:
        panel, code = self._panel(opened, wanted)
        notice = {"notice": panel.notice} if code >= 400 else {}
        return self._matrix_page(opened, wanted, form, panel=panel, **{**notice, **more}), code

    def _panel(self, opened: Opened, wanted: RoleState) -> tuple[Panel, int]:
        """What the change does, and the answer's code: that of a refusal where it may not be made."""
        found = preview(session(), opened.role, opened.state, wanted)
        try:
            roles.check_change(opened.state, wanted, by=actor())
        except DomainError as refusal:
            return panel_of(found, "", refusal.sentence), refusal.status
        return panel_of(found, wanted.mark), 200

    # ---- versions ---------------------------------------------------------------------------------------

    @expose("/versions/<int:pk>")
    @needs(Verb.SEE)
    def versions(self, pk: int) -> Any:
        """Who changed what and when, with the way back to each version."""
        role = self.load(pk)
        return self.render_template(
            "crm/role_versions.html",
            page=self.page(Label("Versions"), role),
            pk=pk,
            name=name_of_role(role.name),
            lines=_version_lines(role),
            may_edit=actor().may(ROLES.right(Verb.EDIT)),
            most=roles.MOST_VERSIONS,
            moment=format_moment,
            path=self.path,
        )


def _posted() -> tuple[PublishForm, RoleState]:
    """The posted matrix; 400 for anything that does not belong to one."""
    form = PublishForm()
    if request.is_json or request.files or form.foreign_fields(request.form) - field_names():
        abort(400)
    if form.seen_version is None:
        abort(400)
    return form, read_state(request.form)


def _number(text: str) -> int:
    number = read_key(text)
    if number is None:
        raise BadAddress(Label("Version"))
    return number


def _meanwhile(opened: Opened, seen: int) -> Sequence[ChangeLine]:
    """What somebody else changed since version ``seen``; the first version is the state before any change."""
    if opened.last is None or seen >= opened.number:
        return ()
    base = roles.version_of(session(), opened.role, max(seen, 1))
    return change_lines(change_between(roles.state_in(base, opened.state), opened.state))


def _version_lines(role: Role) -> list[VersionLine]:
    now_ = roles.state_of(session(), role)
    versions = roles.versions_of(session(), role)
    states = [roles.state_in(version, now_) for version in versions]
    current = next((version for version, state in zip(versions, states, strict=True) if state == now_), None)
    found = []
    for place, (version, state) in enumerate(zip(versions, states, strict=True)):
        before = states[place + 1] if place + 1 < len(states) else state
        lines = change_lines(change_between(before, state))
        found.append(VersionLine(version, lines, change_between(state, now_).count, version is current))
    return found
