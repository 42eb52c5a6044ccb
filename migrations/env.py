"""Runs the migrations on the connection or the address that the caller gives."""

from typing import Any

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.types import TypeDecorator

from app.database import engine_for
from app.models import Model
from app.models.search import is_compared
from config import load_settings


def render_item(kind: str, thing: Any, _context: Any) -> str | bool:
    """The product's column types as what they are stored as, so that a migration needs no code of today."""
    if kind == "type" and isinstance(thing, TypeDecorator):
        return f"sa.{thing.impl!r}"
    return False


def run(connection: Connection) -> None:
    """Run on an open connection; SQLite changes a table by making it anew."""
    context.configure(
        connection=connection,
        target_metadata=Model.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render_item,
        include_name=is_compared,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    engine = engine_for(context.config.attributes.get("url") or load_settings().migration_database_url)
    with engine.connect() as opened:
        run(opened)
        opened.commit()
