"""Editing a record: the form, saving it, and the choice field by field when somebody else was faster."""

from collections.abc import Mapping
from typing import Any

from flask import request
from sqlalchemy.exc import DBAPIError

from app.errors import DomainError
from app.extensions import session
from app.i18n import gettext
from app.views import merging
from app.views.forms import CrmForm
from app.views.saving import Failure, attempt, refuse_foreign_fields, refused


def edit_record(view: Any, pk: int) -> Any:
    """The form of a record of ``view``, or what became of sending it."""
    row = view.load(pk, view.edit_columns)
    if request.method == "GET":
        view.check_edit(row)
    form = view.form(view.edit_form, row)
    page, address = view.record_page(row, gettext("Edit")), f"edit/{pk}"
    if request.method == "GET":
        merging.remember(form, row)
        return view.form_page(form, page, address)
    refuse_foreign_fields(form)
    chosen = merging.choices_of(form, request.form)
    failure = refused(lambda: view.check_edit(row)) or save(view, row, form, chosen)
    if failure is not None and (failure.is_stale or merging.is_merging(form)):
        form.conflict = standing_between(view, pk, form, {} if failure.is_stale else chosen)
        if failure.is_stale and form.conflict and not form.conflict.differences:
            failure = None  # both typed the same: there is nothing left to save
    if failure is None:
        return view.saved(row)
    notice = form.conflict.sentence if form.conflict and failure.is_stale else failure.notice
    return view.form_page(form, page, address, notice), failure.code


def save(view: Any, row: Any, form: CrmForm, chosen: Mapping[str, str]) -> Failure | None:
    """Write what was typed, but for the fields in which the other's value was chosen."""
    if merging.is_merging(form) and row.version == form.seen_version:
        found = merging.differences(form, row, chosen)
        form.left_alone = frozenset(one.name for one in found if one.choice == merging.THEIRS)
        for name in [one.name for one in found if not one.choice]:
            form[name].errors = [merging.UNCHOSEN]
        if any(not one.choice for one in found):
            return Failure(422, merging.UNSETTLED)
    names = (*view.edit_columns, *form.beside)
    return attempt(form, lambda: view.update(row, form.values(names), form.seen_version))


def standing_between(view: Any, pk: int, form: CrmForm, chosen: Mapping[str, str]) -> merging.Conflict | None:
    """The record as it is now against the form; None when it may not be edited any more or cannot be read."""
    try:
        row = view.load(pk, view.edit_columns)
        view.check_edit(row)
        return merging.conflict_of(form, row, chosen)
    except DomainError:
        return None
    except DBAPIError:
        session().rollback()
        return None
