"""Files by themselves: those that no attachment names are removed."""

from datetime import time

from flask import current_app

from app.actions.attachments import FileStore, forget_files
from app.i18n import Label, Told
from app.jobs.frame import Kind, Work


def _forget(work: Work) -> Told:
    store = FileStore(current_app.config["CRM_SETTINGS"].files_dir)
    return Told.of(Label("Files deleted: %(count)s"), count=forget_files(work.session, store, work.at))


FORGET_FILES = Kind("forget_files", Label("Delete files without an attachment"), _forget, every=time(3, 30))
