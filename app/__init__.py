"""知客 CRM: the customer system of companies that sell to companies."""

from zoneinfo import ZoneInfo

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from config import Settings

VERSION = "0.1.0"


def create_app(settings: Settings) -> Flask:
    """The application; the database must stand at the newest migration."""
    from app.catalogues import ensure_compiled
    from app.cli import crm
    from app.extensions import csrf, db
    from app.security.framework import CrmAppBuilder
    from app.templating import make_lean, make_quick
    from app.views import edge, registry

    ensure_compiled()
    app = Flask(__name__)
    app.config.from_mapping(settings.flask_config())
    app.config.update(FRAMEWORK)
    make_lean(app.jinja_env)
    app.extensions["crm_zone"] = ZoneInfo(settings.timezone)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, hops, hops, hops)  # type: ignore[method-assign]  # as Flask says to
    edge.prepare(app)  # before the check of form tokens: who is signed out is asked to sign in first
    db.init_app(app)
    csrf.init_app(app)
    with app.app_context():
        CrmAppBuilder(app, db.session)
        registry.register(app)
    make_quick(app.jinja_env)
    app.cli.add_command(crm)
    return app


#: How Flask-AppBuilder is used: our own frame, catalogues and permissions, and nothing written at start.
FRAMEWORK = {
    "APP_NAME": "知客 CRM",
    "FAB_BASE_TEMPLATE": "appbuilder/baselayout.html",
    "FAB_UPDATE_PERMS": False,
    "FAB_CREATE_DB": False,
    "BABEL_TRANSLATION_DIRECTORIES": "../translations",
    "WTF_CSRF_TIME_LIMIT": None,
}
