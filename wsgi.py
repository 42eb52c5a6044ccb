"""The application as ``flask`` and WSGI servers such as gunicorn find it."""

import sys

import click
from flask import Flask

from app import create_app
from config import SettingsError, load_settings


def _application() -> Flask:
    try:
        return create_app(load_settings())
    except SettingsError as error:
        # A command ends with plain lines and "wrong usage"; a server only gives up at an exception.
        if click.get_current_context(silent=True) is None:
            raise
        print(error, file=sys.stderr)
        raise SystemExit(2) from None


application = _application()
