"""Adding and deleting attachments, and that files and rows belong together."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.actions.attachments.kinds import clean_name, fault_of
from app.actions.attachments.store import DRAFT, FileStore
from app.actions.customers import check_keeper, keeping
from app.actions.settings import LARGEST_ATTACHMENT, value_of
from app.errors import DomainError, Invalid
from app.i18n import Label, gettext, ngettext
from app.models.attachments import Attachment
from app.models.customers import Customer
from app.models.interactions import Interaction
from app.security.actor import Actor
from app.security.rights import ATTACHMENTS, Verb

log = logging.getLogger(__name__)
#: The most files that are taken at once.
MOST_FILES = 20
#: A file without a row may be of a transaction that has not ended yet, but not after so long.
STILL_COMING = timedelta(days=1)
BATCH = 500


@dataclass(frozen=True)
class Upload:
    """A file as it was sent: its name there, and its content, which can be read more than once."""

    name: str
    content: BinaryIO

    def size(self) -> int:
        """Its bytes."""
        size = self.content.seek(0, 2)
        self.content.seek(0)
        return size


class NotStored(DomainError):
    """The machine could not keep the file."""

    status = 503


def add_attachments(
    session: Session,
    owner: Customer | Interaction,
    uploads: Sequence[Upload],
    *,
    store: FileStore,
    by: Actor,
) -> list[Attachment]:
    """Keep files of a customer or an interaction, all or none; raises Invalid with the reason for each refused one.

    The files are on the disk when this returns. What becomes of them when the transaction fails is ``forget_files``.
    """
    customer, interaction = (owner.customer, owner) if isinstance(owner, Interaction) else (owner, None)
    right = ATTACHMENTS.right(Verb.CREATE)
    check_keeper(customer, right, by=by)
    _refuse(session, uploads)
    rows = [_stored(upload, store) for upload in uploads]
    with keeping(session, customer, right, by=by):
        for row in rows:
            row.customer, row.interaction = customer, interaction
            session.add(row)
    return rows


def _refuse(session: Session, uploads: Sequence[Upload]) -> None:
    if len(uploads) > MOST_FILES:
        raise Invalid({"files": gettext("At most %(most)s files can be uploaded at once.", most=MOST_FILES)})
    largest = value_of(session, LARGEST_ATTACHMENT) * 1024**2
    found = (fault_of(clean_name(one.name), one.size(), one.content, largest=largest) for one in uploads)
    faults = [fault for fault in found if fault]
    if faults:
        raise Invalid({"files": " ".join(faults)})


def _stored(upload: Upload, store: FileStore) -> Attachment:
    try:
        stored = store.keep(upload.content)
    except OSError:
        log.exception("a file could not be stored")
        sentence = Label("The server cannot store files at the moment. Try again later, or tell your administrator.")
        raise NotStored(sentence) from None
    return Attachment(name=clean_name(upload.name), size=stored.size, sha256=stored.sha256, stored_as=stored.name)


def delete_attachment(session: Session, attachment: Attachment, *, by: Actor) -> str:
    """Delete an attachment; returns the name of its file, which is to be removed after the commit."""
    name = attachment.stored_as
    with keeping(session, attachment.customer, ATTACHMENTS.right(Verb.DELETE), by=by):
        session.delete(attachment)
    return name


# ---- files and rows -----------------------------------------------------------------------------------


def forget_files(session: Session, store: FileStore, at: datetime) -> int:
    """Remove the files that no row names and that are older than a day; returns how many. Sees every row.

    They are left by a process that was killed, and by transactions that failed.
    """
    count, old = 0, store.names_before(at - STILL_COMING)
    while paths := list(islice(old, BATCH)):
        known = _known(session, (path.name for path in paths))
        for path in paths:
            if path.name not in known:
                path.unlink(missing_ok=True)
                count += 1
    return count


def _known(session: Session, names: Iterable[str]) -> set[str]:
    wanted = [name for name in names if not name.endswith(DRAFT)]
    return set(session.scalars(select(Attachment.stored_as).where(Attachment.stored_as.in_(wanted))))


def check_files(session: Session, folder: Path) -> Iterator[str]:
    """Tells in a sentence how many attachments have no file, or one of another size. Sees every row."""
    store, last, lost = FileStore(folder), 0, []
    statement = select(Attachment.id, Attachment.stored_as, Attachment.size).order_by(Attachment.id).limit(BATCH)
    while rows := session.execute(statement.where(Attachment.id > last)).all():
        lost += [row.id for row in rows if store.size_of(row.stored_as) != row.size]
        last = rows[-1].id
    if lost:
        yield ngettext(
            "%(num)d attachment has no whole file in the folder of files, the first is no. %(first)s.",
            "%(num)d attachments have no whole file in the folder of files, the first is no. %(first)s.",
            len(lost),
            first=lost[0],
        )
