/* Single keys: / to the conditions of a list, n for something new, g and a letter to a screen, ? for help.
   None acts while somebody types or a dialog is open, and they can be switched off, since not everybody means them. */
"use strict";
(() => {
  const PATIENCE = 2000;
  const one = (selector) => document.querySelector(selector);
  const TYPING = "input, select, textarea, [contenteditable], dialog";
  let goingUntil = 0;

  const areOff = () => { try { return localStorage.getItem("keys") === "off"; } catch { return false; } };
  function setOff(isOff) {
    try { isOff ? localStorage.setItem("keys", "off") : localStorage.removeItem("keys"); } catch { /* not kept */ }
  }

  /** What a letter after `g` leads to; nothing when there is no such screen for this person. */
  function go(letter) {
    goingUntil = 0;
    return act(one(`.menu [data-letter="${CSS.escape(letter)}"]`), (link) => link.click());
  }
  function act(target, deed) {
    if (target) deed(target);
    return Boolean(target);
  }
  function openCreations(menu) {
    menu.open = true;
    menu.querySelector("a")?.focus();
  }
  const deeds = {
    "/": () => act(one(".filter :is(input:not([type=hidden]), select)"), (field) => field.focus()),
    n: () => act(one("main [data-new]"), (link) => link.click()) || act(one("[data-create]"), openCreations),
    g: () => { goingUntil = Date.now() + PATIENCE; return true; },
    "?": () => act(one("[data-help]"), (link) => link.click()),
  };
  function press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    if (areOff() || event.target.closest?.(TYPING) || one("dialog[open]")) return;
    const deed = Date.now() < goingUntil ? () => go(event.key.toLowerCase()) : deeds[event.key];
    if (deed?.()) event.preventDefault();
  }

  function showSwitch() {
    const button = one("[data-keys-switch]");
    if (!button) return;
    button.hidden = false;
    button.textContent = areOff() ? button.dataset.on : button.dataset.off;
  }
  function turn(event) {
    if (!event.target.closest?.("[data-keys-switch]")) return;
    setOff(!areOff());
    showSwitch();
  }

  document.addEventListener("keydown", press);
  document.addEventListener("click", turn);
  document.addEventListener("htmx:afterSwap", showSwitch);
  showSwitch();
})();
