/* What pages do by themselves. Loaded before the page, so that the folded menu and the theme are there at once;
   all else begins when the page is read. Texts come from the page, never from here. */
"use strict";
(() => {
  const root = document.documentElement;
  const one = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const said = (name) => document.body.dataset[name] ?? "";
  const has = (element, name) => name in (element?.dataset ?? {});
  /** Calls `act(event, element)` for an event on an element of the page, also one that comes later. */
  const on = (type, selector, act, capture = false) => document.addEventListener(type, (event) => {
    const found = event.target.closest?.(selector);
    if (found) act(event, found);
  }, capture);

  const stop = (event) => (event.preventDefault(), event.stopImmediatePropagation());

  // ---- what the browser remembers, where it is allowed to -------------------------------------------------
  function recall(store, name) {
    try { return window[store].getItem(name); } catch { return null; }
  }
  function keep(store, name, value) {
    try {
      if (value === null) window[store].removeItem(name);
      else window[store].setItem(name, value);
    } catch { /* a private window keeps nothing */ }
  }

  // ---- menu, theme, small menus ---------------------------------------------------------------------------
  function restoreLook() {
    if (recall("localStorage", "menu") === "folded") root.dataset.menu = "folded";
    if (has(root, "signedOut")) root.dataset.bsTheme = recall("localStorage", "theme") ?? root.dataset.bsTheme;
  }
  function showLook() {
    one("[data-fold]")?.setAttribute("aria-expanded", String(root.dataset.menu !== "folded"));
    for (const button of all('[name="theme"]')) button.ariaPressed = String(button.value === root.dataset.bsTheme);
  }
  function foldMenu() {
    if (root.dataset.menu === "folded") delete root.dataset.menu;
    else root.dataset.menu = "folded";
    keep("localStorage", "menu", root.dataset.menu ?? null);
    showLook();
  }
  function unfoldFor(event, summary) {
    if (root.dataset.menu !== "folded" || window.innerWidth <= 1024) return;
    event.preventDefault();
    summary.parentElement.open = true;
    foldMenu();
  }
  function setTheme(event, form) {
    event.preventDefault();
    const theme = event.submitter.value;
    root.dataset.bsTheme = theme;
    keep("localStorage", "theme", theme);
    showLook();
    const headers = { "X-CSRFToken": one('meta[name="csrf-token"]').content };
    const body = new URLSearchParams({ theme });
    fetch(form.action, { method: "POST", redirect: "manual", headers, body }).catch(() => {});
  }
  function closePops(event) {
    for (const pop of all("details.pop[open]")) if (!pop.contains(event?.target ?? null)) pop.open = false;
    closeBell(event?.target ?? null);
  }

  /** Esc gives the focus back to what had opened the menu it was in. */
  function leavePops({ target }) {
    target.closest("details.pop[open]")?.querySelector("summary").focus();
    closePops();
  }

  // ---- messages and dialogs -------------------------------------------------------------------------------
  function toast(text) {
    const line = one("#toast").content.firstElementChild.cloneNode(true);
    one("span", line).textContent = text;
    one(".toasts").append(line);
  }
  const fade = (line) => setTimeout(() => line.remove(), 4000 + 80 * line.textContent.length);
  const fadeToasts = () => all(".toast-line.t-ok:not(:has(a))").forEach(fade);
  async function openDialog(event, link) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    closePops();
    await htmx.ajax("GET", link.getAttribute("href"), { target: "#dialog", swap: "innerHTML" });
    if (one("#dialog").childElementCount && !one("#dialog").open) one("#dialog").showModal();
  }
  function closeDialog(event) {
    if (!one("#dialog").open) return;
    event.preventDefault();
    one("#dialog").close();
    one("#dialog").replaceChildren();
  }
  /** Esc goes the way of the cross, which asks when something was typed. */
  function leaveDialog(event) {
    event.preventDefault();
    one("[data-close]", event.target)?.click();
  }
  function ask(event, button) {
    if (has(button, "agreed")) return void delete button.dataset.agreed;
    stop(event);
    closePops();
    const dialog = one("#confirm");
    one("#confirm-text").textContent = button.dataset.question;
    dialog.returnValue = "";
    dialog.onclose = () => {
      if (dialog.returnValue !== "yes") return;
      button.dataset.agreed = "yes";
      button.click();
    };
    dialog.showModal();
  }

  // ---- forms ----------------------------------------------------------------------------------------------
  function noteInput({ target: field }) {
    for (const other of field.form?.elements ?? []) other.setCustomValidity("");
    all("[data-counts]").forEach(showLength);
    const mine = field.closest("[data-mine]");
    if (mine) one("[type=radio]", mine).checked = true;
    if (!field.name || !has(field.form, "typed")) return;
    field.form.dataset.changed = "";
    for (const close of all("#dialog form[data-changed] [data-close]")) close.dataset.question = said("leave");
  }
  /** Comes before htmx, so that the second click of a double click reaches nobody. */
  function sendOnce(event) {
    const form = event.target;
    if (form.method === "dialog" || has(form, "preference")) return;
    if (has(form, "sent")) return stop(event);
    form.dataset.sent = "";
    if (has(form, "typed")) keepDraft(form);
    delete form.dataset.changed;
  }
  const unlock = (forms = all("form[data-sent]")) => forms.forEach((form) => delete form.dataset.sent);
  function saveByKey(event) {
    const focused = document.activeElement.form;
    const form = has(focused, "typed") ? focused : one("#dialog form[data-typed], form.form-page");
    if (form) send(event, form);
  }
  function addByEnter(event, field) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event, field.form);
  }
  function send(event, form) {
    event.preventDefault();
    form.requestSubmit();
  }
  function sayInvalid({ target: field }) {
    if (has(field, "date") && field.validity.customError) return;
    field.setCustomValidity("");
    if (!field.validity.valid) field.setCustomValidity(said(field.validity.valueMissing ? "missing" : "wrong"));
  }
  function showLength(counter) {
    const length = document.getElementById(counter.dataset.counts).value.length;
    counter.textContent = length ? `${length} / ${counter.dataset.most}` : "";
  }
  /** Keeps addresses short; an empty choice stays, since it takes a default away. */
  function dropEmpty({ target: form, formData }) {
    for (const [name, value] of has(form, "tidy") ? [...formData] : [])
      if (value === "" && form.elements[name]?.tagName !== "SELECT") formData.delete(name);
  }
  function fill(_event, button) {
    const field = document.getElementById(button.dataset.fills);
    field.value = button.dataset.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  function nameFiles({ target: field }) {
    one(`[data-files="${field.id}"]`).textContent = [...field.files].map((file) => file.name).join(" · ");
  }
  function reveal(_event, button) {
    const field = document.getElementById(button.dataset.reveals);
    field.type = field.type === "password" ? "text" : "password";
    button.ariaPressed = String(field.type === "text");
  }

  /** What is asked only where another field is no longer what it was. */
  function showAsked(field) {
    const place = field.closest(".field");
    field.required = field.form.elements[field.dataset.askedWith]?.value !== field.dataset.was;
    place.hidden = !field.required && !field.value;
    one("label", place).classList.toggle("req", field.required);
  }
  function copy(_event, button) {
    const field = one(button.dataset.copy);
    field.select();
    if (navigator.clipboard) navigator.clipboard.writeText(field.value);
    else document.execCommand("copy"); // without TLS there is no other way
    one("span", button).textContent = button.dataset.copied;
  }

  // ---- drafts: what was typed survives a session that ended and a server that failed ------------------------
  const addressOf = (form) => new URL(form.action).pathname + new URL(form.action).search;
  function keepDraft(form) {
    const isKept = ([name, value]) =>
      name !== "csrf_token" && typeof value === "string" && form.elements[name]?.type !== "password";
    const values = [...new FormData(form)].filter(isKept);
    dropDraft();
    keep("sessionStorage", "draft", JSON.stringify({ reader: said("reader"), address: addressOf(form), values }));
  }
  const dropDraft = () => ["draft", "interrupted"].forEach((name) => keep("sessionStorage", name, null));
  /** The sign-in page and the page of an error interrupt; any other page shows that the save went through. */
  function settleDraft() {
    if (one("[data-interrupted]")) interrupt();
    else if (recall("sessionStorage", "interrupted")) restoreDraft();
    else dropDraft();
  }
  function interrupt() {
    keep("sessionStorage", "interrupted", "yes");
    for (const kept of all("[data-kept]")) kept.hidden = !recall("sessionStorage", "draft");
  }
  function restoreDraft() {
    const draft = recall("sessionStorage", "interrupted") && JSON.parse(recall("sessionStorage", "draft"));
    const form = draft && all("form[data-typed]").find((found) => addressOf(found) === draft.address);
    if (!form || draft.reader !== said("reader")) return;
    const isKept = (box) => draft.values.some(([name, value]) => name === box.name && value === box.value);
    for (const box of all("[type=checkbox][name]", form)) box.checked = isKept(box);
    for (const [name, value] of draft.values)
      if (form.elements[name]?.type !== "checkbox" && form.elements[name]) form.elements[name].value = value;
    form.dispatchEvent(new Event("change", { bubbles: true }));
    form.dataset.changed = "";
    toast(said("restored"));
    dropDraft();
  }

  // ---- lists and choices ----------------------------------------------------------------------------------
  const boxes = () => all('[name="row"][form="selection"]');
  function showChosen() {
    const count = boxes().filter((box) => box.checked).length;
    const isWhole = count === boxes().length;
    for (const every of all("[data-choose-all]"))
      Object.assign(every, { checked: count > 0 && isWhole, indeterminate: count > 0 && !isWhole });
    for (const text of all("[data-count]")) text.textContent = text.dataset.count.replace("#", count);
  }
  function chooseAll(_event, every) {
    for (const box of boxes()) box.checked = every.checked;
    showChosen();
  }
  function showMore(_event, button) {
    const isOpen = button.form.classList.toggle("is-open");
    button.ariaExpanded = String(isOpen);
    if (isOpen) one(".more :is(input, select)", button.form)?.focus();
  }
  function narrow(_event, field) {
    const text = field.value.trim().toLowerCase();
    for (const row of document.getElementById(field.dataset.narrows).rows)
      row.hidden = !row.textContent.toLowerCase().includes(text) && !one(":checked", row);
  }
  /** Cards have no heads: each cell says itself what it is. Done here, since it would be a third of a long list's bytes. */
  function labelCells(table) {
    const heads = all("thead th", table).map((head) => head.textContent.trim());
    for (const row of table.tBodies[0].rows)
      heads.forEach((head, place) => row.cells[place] && (row.cells[place].dataset.label = head));
    table.dataset.labelled = "";
  }
  /** Only a text that is cut off needs to be shown whole. */
  function showWhole(_event, text) {
    if (!text.title && (text.scrollWidth > text.clientWidth || text.scrollHeight > text.clientHeight + 1))
      text.title = text.textContent;
  }
  function moveColumn(event, button) {
    event.preventDefault();
    const line = button.closest("li");
    if (button.dataset.step === "up") line.previousElementSibling?.before(line);
    else line.nextElementSibling?.after(line);
    button.focus();
    if (document.activeElement !== button) // at the end of the list there is no such step any more
      one(`[data-step]:not([data-step="${button.dataset.step}"])`, line).focus();
  }
  function nameChosen(_event, radio) {
    const button = one("[data-for-chosen]", radio.form);
    if (button) button.textContent = button.dataset.forChosen.replace("#", radio.dataset.name);
  }
  async function findRemote(field, text) {
    const address = `${field.dataset.remote}?${new URLSearchParams({ q: text })}`;
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    return answer.ok ? answer.json() : [];
  }
  function searchRemote(field) {
    const option = ({ text, more }, escape) =>
      `<div>${escape(text)}<span class="more">${escape(more ?? "")}</span></div>`;
    const item = ({ text }, escape) => `<div>${escape(text)}</div>`;
    const nothing = (_text, escape) => `<div class="no-results">${escape(field.dataset.none ?? "")}</div>`;
    const select = new TomSelect(field, {
      maxItems: field.multiple ? null : 1, labelField: "text", searchField: [], loadThrottle: 250,
      shouldLoad: () => true, preload: "focus", render: { option, item, no_results: nothing },
      async load(text, done) {
        const found = await findRemote(field, text).catch(() => []);
        this.clearOptions((known) => this.items.includes(known.value));
        done(found);
      },
    });
    for (const value of select.items) nameRemote(select, field, value);
  }
  /** The address holds only the key of what is chosen; its words are asked for. */
  async function nameRemote(select, field, value) {
    const found = (await findRemote(field, value).catch(() => [])).find((known) => known.value === value);
    if (found) select.updateOption(value, found);
  }

  // ---- htmx -----------------------------------------------------------------------------------------------
  function configureHtmx() {
    if (!window.htmx) return;
    Object.assign(htmx.config, { includeIndicatorStyles: false, allowEval: false, attributesToSettle: ["class"] });
    htmx.config.responseHandling = [
      { code: "204", swap: false },
      { code: "[23]..", swap: true },
      { code: "400|403|404|409|422", swap: true, error: true },
      { code: "...", swap: false, error: true },
    ];
  }
  function afterRequest({ detail: { elt, xhr, successful } }) {
    unlock([elt]);
    if (has(elt, "quiet")) return;
    if (xhr.status === 401) askToSignIn(elt.closest("form[data-typed]"));
    else if (successful && elt.matches("form")) dropDraft();
    else if (!xhr.status || [413, 429].includes(xhr.status) || xhr.status >= 500) toast(sentenceOf(xhr) ?? said("failed"));
  }
  /** The session ended while something was typed: it comes back with the page after signing in. */
  function askToSignIn(form) {
    if (form) keepDraft(form);
    if (form) delete form.dataset.changed;
    location.reload();
  }
  /** What the server says on the page of its refusal; nothing when somebody else answered in its place. */
  function sentenceOf(xhr) {
    const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
    return one("[data-sentence]", page)?.textContent;
  }
  function afterSwap({ target }) {
    if (one("[data-interrupted]")) interrupt();
    if (has(target, "exact")) for (const other of all("[data-exact]")) other.textContent = target.textContent;
    one("#plan-items [autofocus], #dialog [autofocus]")?.focus();
    prepare();
    restoreDraft();
  }

  // ---- the bell -------------------------------------------------------------------------------------------
  const MINUTE = 60_000, WHILE_OPEN = 5 * MINUTE, ON_WORKBENCH = 60 * MINUTE;
  function openBell(event, link) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const isOpen = link.ariaExpanded === "true";
    closePops();
    if (isOpen) return;
    link.ariaExpanded = "true";
    htmx.ajax("GET", link.dataset.bell, { target: "#bell-pop", swap: "innerHTML" }).then(() => {
      one("#bell-pop").hidden = one("#bell-link").ariaExpanded !== "true";
    });
  }
  function closeBell(target) {
    const link = one("#bell-link");
    if (!link || one("#bell").contains(target)) return;
    if (one("#bell-pop").contains(document.activeElement)) link.focus();
    one("#bell-pop").hidden = true;
    link.ariaExpanded = "false";
  }
  /** When this reader's reminders were last looked after, in whichever of his pages. */
  const lastCheck = () => Number(recall("localStorage", "reminded")?.split(said("reader") + " ")[1] ?? 0);
  /** Has what is due told. Asks quietly: a session that ended or a server that is away is no news here. */
  async function checkReminders(pause) {
    if (!one("#bell") || said("watched") || document.hidden || Date.now() - lastCheck() < pause) return;
    keep("localStorage", "reminded", `${said("reader")} ${Date.now()}`);
    const headers = { "X-CSRFToken": one('meta[name="csrf-token"]').content, "HX-Request": "true" };
    const answer = await fetch("/reminders/check", { method: "POST", headers }).catch(() => null);
    if (!answer?.ok) return;
    const fresh = one("a", new DOMParser().parseFromString(await answer.text(), "text/html"));
    one("#bell-link").ariaLabel = fresh.ariaLabel;
    one("#bell-link").replaceChildren(...fresh.childNodes);
  }
  function minuteByMinute() {
    if (location.pathname === "/") checkReminders(ON_WORKBENCH);
    setInterval(checkReminders, MINUTE, WHILE_OPEN);
  }

  // ---- the page -------------------------------------------------------------------------------------------
  function pressKey(event) {
    const withControl = event.ctrlKey || event.metaKey;
    if (withControl && event.key.toLowerCase() === "s") saveByKey(event);
    if (event.key === "Escape") leavePops(event);
  }
  function prepare() {
    all("[data-remote]:not(.tomselected)").forEach(searchRemote);
    all("[data-counts]").forEach(showLength);
    all("[data-asked-with]").forEach(showAsked);
    all(":is(.olist, .related):not([data-labelled])").forEach(labelCells);
  }
  function begin() {
    for (const start of [configureHtmx, showLook, showChosen, prepare, settleDraft, fadeToasts, minuteByMinute]) start();
    one("#dialog")?.addEventListener("cancel", leaveDialog);
  }

  restoreLook();
  window.addEventListener("pageshow", (event) => event.persisted && (unlock(), showChosen()));
  window.addEventListener("beforeunload", (event) => one("form[data-changed]") && event.preventDefault());
  const whole = {
    DOMContentLoaded: begin, formdata: dropEmpty, input: noteInput, keydown: pressKey, click: closePops,
    reset: () => setTimeout(showChosen), "htmx:afterRequest": afterRequest, "htmx:afterSwap": afterSwap,
  };
  for (const [type, act] of Object.entries(whole)) document.addEventListener(type, act);
  document.addEventListener("submit", sendOnce, true);
  document.addEventListener("invalid", sayInvalid, true);
  on("click", "[data-question]", ask, true);
  on("click", "[data-close]", closeDialog);
  on("click", "[data-dialog]", openDialog);
  on("click", "[data-bell]", openBell);
  on("click", "[data-dismiss]", (_event, button) => button.parentElement.remove());
  on("click", "[data-fold]", foldMenu);
  on("click", ".mod > summary", unfoldFor);
  on("click", "[data-more]", showMore);
  on("click", "[data-fills]", fill);
  on("click", "[data-reveals]", reveal);
  on("change", ".drop [type=file]", nameFiles);
  on("click", "[data-copy]", copy);
  on("click", "[data-print]", () => window.print());
  on("click", ".column-list [data-step]", moveColumn);
  on("pointerover", ":is(.olist, .related) td > :is(a, span)", showWhole);
  on("submit", "form[data-preference]", setTheme);
  on("change", "form", (_event, form) => all("[data-asked-with]", form).forEach(showAsked));
  on("change", "[data-choose-all]", chooseAll);
  on("change", '[name="row"]', showChosen);
  on("change", "[data-name]", nameChosen);
  on("input", "[data-narrows]", narrow);
  on("keydown", "[data-enter]", addByEnter);
})();
