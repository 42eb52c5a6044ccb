"""Devices: where a request comes from, the cookie by which a browser is known again, and what a browser is called."""

import secrets
from datetime import timedelta

from flask import current_app, request
from itsdangerous import BadSignature, Signer
from werkzeug.wrappers import Response

from app.actions.sessions import REMEMBERED, Visit
from app.actions.sign_in import network_of
from app.i18n import Label, LazyString, gettext

#: What a browser says of itself, the most telling first: many name those they descend from too.
BROWSERS: tuple[tuple[str, str | LazyString], ...] = (
    ("wxwork", Label("WeCom")),
    ("MicroMessenger", Label("WeChat")),
    ("DingTalk", Label("DingTalk")),
    ("Lark", Label("Feishu")),
    ("QQBrowser", Label("QQ Browser")),
    ("360", Label("360 Browser")),
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS: tuple[tuple[str, str | LazyString], ...] = (
    ("OpenHarmony", "HarmonyOS"),
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)
HANDHELD = ("Mobile", "Android", "iPhone", "iPad", "Harmony")


def visit() -> Visit:
    """Where this request comes from; the number of the device is empty while it has none."""
    address = request.remote_addr or ""
    return Visit(address, network_of(address), request.user_agent.string, _device())


def new_device() -> str:
    """The number of a device that was not known."""
    return secrets.token_urlsafe(16)


def keep_device(response: Response, device: str) -> None:
    """Let the browser keep the number of its device, signed."""
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    age = int(REMEMBERED / timedelta(seconds=1))
    value = _signer().sign(device).decode()
    response.set_cookie(_cookie_name(), value, max_age=age, secure=secure, httponly=True, samesite="Lax")


def _device() -> str:
    try:
        return _signer().unsign(request.cookies.get(_cookie_name(), "")).decode()
    except (BadSignature, UnicodeDecodeError):
        return ""


def _signer() -> Signer:
    return Signer(current_app.config["SECRET_KEY"], salt="device")


def _cookie_name() -> str:
    return str(current_app.config["SESSION_COOKIE_NAME"]).replace("session", "device")


def device_in_words(user_agent: str) -> str:
    """The browser and the system that a browser says it is."""
    browser = next((name for sign, name in BROWSERS if sign in user_agent), None)
    system = next((name for sign, name in SYSTEMS if sign in user_agent), None)
    if browser and system:
        return gettext("%(browser)s on %(system)s", browser=browser, system=system)
    return str(browser or system or gettext("Unknown device"))


def is_handheld(user_agent: str) -> bool:
    """Whether a browser says it runs on a phone or a tablet."""
    return any(sign in user_agent for sign in HANDHELD)
