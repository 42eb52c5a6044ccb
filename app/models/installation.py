"""What this installation knows about itself, such as that it holds the demo company."""

from typing import ClassVar

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Model

#: The key under which a database says that it holds the demo company.
DEMO_MARK = "demo"

#: The key under which it keeps which default roles were written, as a JSON object of their names and keys.
ROLES_MARK = "default_roles"

#: The key under which the workers write, now and then, the moment at which one of them was alive.
WORKER_MARK = "worker"

#: The key under which it keeps the last statutory day that was written into the work calendar.
STATUTORY_MARK = "statutory_days"

#: The key under which it keeps by which rules the deadlines of open service requests were reckoned last.
DEADLINES_MARK = "deadlines"


class Installation(Model):
    """One fact about this database; ``key`` says which."""

    __tablename__ = "installation"
    is_audited: ClassVar[bool] = False

    key: Mapped[str] = mapped_column(String(50), primary_key=True)
    value: Mapped[str] = mapped_column(String(2000))
