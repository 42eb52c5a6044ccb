/* The matrix of a role: whole rows, columns and modules at a tick, what changed in its colour, and the preview asked
   for anew after each change. Which right needs which is one rule here as on the server: what can be done on a screen
   needs that it is seen. */
"use strict";
(() => {
  const form = document.getElementById("matrix");
  if (!form) return;
  const all = (selector, from = form) => [...from.querySelectorAll(selector)];
  const rights = (from = form) => all('[name="right"]', from);
  const open = (from) => rights(from).filter((box) => !box.disabled);
  const canEdit = "typed" in form.dataset;

  // ---- ticking --------------------------------------------------------------------------------------------
  /** Ticks or clears several, with what they need and what needs them. */
  function set(boxes, checked) {
    for (const box of boxes) if (!box.disabled) box.checked = checked;
    boxes.forEach(follow);
  }
  function follow(box) {
    const line = rights(box.closest("tr"));
    const see = line.find((other) => other.dataset.verb === "see");
    if (box === see && !box.checked) for (const other of line) other.checked = false;
    else if (box.checked && see && !see.disabled) see.checked = true;
  }
  /** A whole row, column or module: everything, and nothing when everything is ticked already. */
  const setAll = (boxes) => set(boxes, !boxes.every((box) => box.checked));
  const inSight = (box) => !box.closest("tr").hidden;

  // ---- what is shown --------------------------------------------------------------------------------------
  function show() {
    for (const box of rights()) colour(box.closest("td.c, .own"), box.checked - ("was" in box.dataset));
    for (const field of all("select[data-was]")) colour(field.closest(".scope"), wider(field));
    for (const every of all("[data-whole]")) {
      const boxes = rights(every.closest(every.dataset.whole));
      const count = boxes.filter((box) => box.checked).length;
      every.checked = count === boxes.length;
      every.indeterminate = count > 0 && !every.checked;
    }
    for (const text of all("[data-chosen]")) {
      const count = rights(text.closest("tbody")).filter((box) => box.checked).length;
      text.textContent = text.dataset.chosen.replace("#", count);
    }
  }
  const wider = (field) =>
    Math.sign(field.selectedIndex - [...field.options].findIndex((one) => one.value === field.dataset.was));
  function colour(place, way) {
    place.classList.toggle("added", way > 0);
    place.classList.toggle("removed", way < 0);
  }
  const differs = () => all(":is(td.c, .own, .scope):is(.added, .removed)").length > 0;

  function changed() {
    show();
    if (differs()) form.dataset.changed = "";
    else delete form.dataset.changed;
    for (const button of all("#role-foot button")) button.disabled = true; // until the preview is of these ticks
    htmx.trigger(form, "preview");
  }
  function settleFoot() {
    for (const button of all("[data-preview]")) {
      button.disabled = true;
      button.textContent = button.dataset.preview;
    }
  }

  // ---- finding and folding ----------------------------------------------------------------------------------
  function find(text) {
    const wanted = text.trim().toLowerCase();
    for (const body of all("tbody")) {
      const rows = all("tr:not(.mod)", body);
      for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
      body.hidden = rows.every((row) => row.hidden);
      if (wanted) shut(body, false);
    }
    form.querySelector("[data-none]").hidden = all("tbody").some((body) => !body.hidden);
  }
  function shut(body, isShut) {
    body.classList.toggle("is-shut", isShut);
    body.querySelector("[data-shut]").ariaExpanded = String(!isShut);
  }

  function begin() {
    for (const part of all("[data-live]")) part.hidden = false;
    for (const body of all("tbody[data-empty]")) shut(body, true);
    if (canEdit) for (const head of all("[data-column]")) makeButton(head);
    show();
    settleFoot();
    if (canEdit && differs() && !form.querySelector("[data-save]")) changed();
  }
  function makeButton(head) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "col-tick";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      setAll(open().filter((box) => box.dataset.verb === head.dataset.column && inSight(box)));
      changed();
    });
  }

  form.addEventListener("change", ({ target }) => {
    if (target.dataset?.whole) setAll(open(target.closest(target.dataset.whole)).filter(inSight));
    else if (target.name === "right") follow(target);
    else if (target !== form && !target.matches("select")) return;
    changed();
  });
  form.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-shut]");
    if (button) shut(button.closest("tbody"), button.ariaExpanded === "true");
  });
  form.addEventListener("input", ({ target }) => "find" in target.dataset && find(target.value));
  form.addEventListener("keydown", (event) => {
    if ("find" in event.target.dataset && event.key === "Enter") event.preventDefault();
  });
  document.addEventListener("htmx:oobAfterSwap", settleFoot);
  document.addEventListener("DOMContentLoaded", begin);
})();
