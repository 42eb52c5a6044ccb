"""``flask crm reindex``: writes the search text of every record anew."""

import click

from app.cli import command_session, crm
from app.i18n import ngettext
from app.search import reindex as write_anew


@crm.command("reindex")
def reindex() -> None:
    """Write the search text of every record anew, in one transaction; searching goes on meanwhile."""
    session = command_session()
    number = write_anew(session)
    session.commit()
    click.echo(ngettext("%(num)d record can be found.", "%(num)d records can be found.", number))
