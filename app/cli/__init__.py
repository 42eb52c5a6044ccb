"""The command ``flask crm``: thin commands that call actions, each in a module of this package."""

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click
from flask.cli import AppGroup
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from app.errors import DomainError, Forbidden
from app.extensions import session as session_of_request
from app.i18n import Label, gettext
from app.models.org import Employee
from app.security.actor import SYSTEM, Actor, load_actor
from app.security.audit import COMMAND, Origin
from app.security.scope import actor_of, system, working_as

REFUSED = 1
WRONG_USAGE = 2


def complain(sentence: str, status: int) -> NoReturn:
    """Say on standard error, in one line, why the command ends here."""
    click.echo(" ".join(sentence.split()), err=True)
    raise click.exceptions.Exit(status)


def command_session() -> Session:
    """The session of the command; the audit log tells that a command did what is done in it."""
    session = session_of_request()
    session.info["origin"] = Origin(person_name=COMMAND)
    return session


@contextmanager
def working_for(session: Session, username: str | None, right: str) -> Iterator[Actor]:
    """The session works for the named user, else for nobody in particular; whatever is not committed goes."""
    try:
        if username is None:
            with system(session, "whoever may start commands on this machine owns its records"):
                yield actor_of(session) or SYSTEM
        else:
            person = _person(session, username)
            actor = load_actor(session, person)
            actor.must(right)
            session.info["origin"] = Origin(person.id, person.username)
            with working_as(session, actor):
                yield actor
    finally:
        session.rollback()


def _person(session: Session, username: str) -> Employee:
    statement = select(Employee).where(func.lower(Employee.username) == username.lower())
    person: Employee | None = session.scalar(statement)
    if person is None:
        raise click.UsageError(gettext("There is no user “%(text)s”.", text=username))
    if not person.active:
        raise Forbidden(Label("This person is disabled."))
    return person


@contextmanager
def plain_usage() -> Iterator[None]:
    """Wrong usage is told in one line, without click's own lines about it."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        complain(error.format_message(), WRONG_USAGE)


class CrmCommand(click.Command):
    """A command that ends with 1 when refused and 2 when used wrongly, each time with one clear line."""

    def make_context(self, *arguments: Any, **more: Any) -> click.Context:
        """Read the arguments."""
        with plain_usage():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: click.Context) -> Any:
        """Run it."""
        try:
            with plain_usage():
                return super().invoke(ctx)
        except DomainError as refusal:
            complain(str(refusal), getattr(refusal, "exit_status", REFUSED))
        except SQLAlchemyError as error:
            why = error.orig if isinstance(error, DBAPIError) else error
            reason = str(why).strip().split("\n", maxsplit=1)[0]
            complain(gettext("The database refused, nothing was written: %(why)s", why=reason), REFUSED)


class CrmGroup(AppGroup):
    """Finds its commands in the modules of this package when first asked, so that a server loads none."""

    command_class = CrmCommand
    _is_complete = False

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        self._complete()
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        self._complete()
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant."""
        with plain_usage():
            return super().resolve_command(ctx, args)

    def _complete(self) -> None:
        if not self._is_complete:
            self._is_complete = True
            for module in pkgutil.iter_modules(__path__):
                importlib.import_module(f"{__name__}.{module.name}")


crm = CrmGroup("crm", help="知客 CRM")
