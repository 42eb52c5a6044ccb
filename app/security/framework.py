"""Flask-AppBuilder as the product uses it: its roles and permissions, without its stock screens."""

from typing import Any

from flask import Flask, g
from flask_appbuilder import AppBuilder
from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_login import LoginManager

from app.models.org import Employee
from app.security.rights import right_of


class CrmSecurityManager(SecurityManager):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """Answers from the actor of the request; roles and permissions are written by ``flask crm init`` alone."""

    user_model = Employee

    def create_db(self) -> None:
        """Nothing: the migrations make the tables, and a server that starts writes no roles."""

    def create_login_manager(self, app: Flask) -> LoginManager:
        """One that the application does not ask: who is signed in is found at the edge, by a session on the server."""
        return LoginManager()

    def register_views(self) -> None:
        """Nothing: the product has its own sign-in, and the stock screens of users and roles stay closed."""

    def has_access(self, permission_name: str, view_name: str) -> bool:
        """Whether the actor of the request holds the right behind a permission on a view."""
        actor = g.get("actor")
        return bool(actor and actor.may(right_of(permission_name, view_name)))


class CrmAppBuilder(AppBuilder):  # type: ignore[misc]  # Flask-AppBuilder has no types
    """Registers the product's own views only."""

    def __init__(self, app: Flask, session: Any) -> None:
        super().__init__(app, session, security_manager_class=CrmSecurityManager)

    def _add_admin_views(self) -> None:
        """Nothing: no stock index, language, user, role, menu or OpenAPI view."""

    def _add_global_static(self) -> None:
        """Nothing: no page uses the stock scripts, styles or templates."""

    def _add_menu_permissions(self, update_perms: bool = False) -> None:
        """Nothing: the menu is made of the catalogue of rights."""

    def _add_permission(self, baseview: Any, update_perms: bool = False) -> None:
        """Nothing: permissions are written from the catalogue of rights."""
