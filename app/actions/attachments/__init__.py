"""Attachments: which files are accepted, where they lie, and who adds and deletes them."""

from app.actions.attachments.keeping import (
    MOST_FILES,
    Upload,
    add_attachments,
    check_files,
    delete_attachment,
    forget_files,
)
from app.actions.attachments.kinds import KINDS, clean_name, kind_of
from app.actions.attachments.store import FileStore

__all__ = [
    "KINDS",
    "MOST_FILES",
    "FileStore",
    "Upload",
    "add_attachments",
    "check_files",
    "clean_name",
    "delete_attachment",
    "forget_files",
    "kind_of",
]
