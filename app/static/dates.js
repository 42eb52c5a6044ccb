/* Date fields: YYYY-MM-DD in every browser and language, read as people type them, with a calendar of the page's
   language. A field carries what is said of a text that is no day. The calendar is loaded when a date field is first
   entered, and stands beside that field only while it is open. Where fingers point, the device's own picker stays. */
"use strict";
(() => {
  const here = document.currentScript.dataset;
  const isTouched = window.matchMedia("(hover: none) and (pointer: coarse)").matches;
  const day = /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$|^(\d{4})(\d{2})(\d{2})$/;
  let loading, open;

  /** The day in the text as YYYY-MM-DD; an empty text for anything else. */
  function read(text) {
    const found = day.exec(text.normalize("NFKC").replace(/\s/g, ""));
    if (!found) return "";
    const [year, month, date] = found.slice(1).filter(Boolean);
    const iso = `${year}-${month.padStart(2, "0")}-${date.padStart(2, "0")}`;
    const moment = new Date(`${iso}T00:00:00Z`);
    return !Number.isNaN(moment.valueOf()) && moment.toISOString().startsWith(iso) ? iso : "";
  }
  function tidy(field) {
    const typed = field.value.trim();
    const known = read(typed);
    if (known && known !== field.value) field.value = known;
    field.setCustomValidity(typed && !known ? field.dataset.date : "");
  }
  /** The browser's own date field speaks the browser's language, so it becomes one for text; what it hid comes back. */
  function prepare() {
    for (const field of document.querySelectorAll('input[type="date"][data-date]')) {
      const kept = field.value || (field.getAttribute("value") ?? "");
      Object.assign(field, { type: "text", value: kept, maxLength: 20, autocomplete: "off", placeholder: here.form });
      field.setAttribute("aria-haspopup", "dialog");
    }
  }

  function load() {
    const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: here.style });
    [...document.querySelectorAll('link[rel="stylesheet"]')].at(-1).before(style); // ours comes after and has its say
    const script = (src) => new Promise((done, failed) => {
      document.head.append(Object.assign(document.createElement("script"), { src, onload: done, onerror: failed }));
    });
    return script(here.picker).then(() => here.words && script(here.words));
  }
  async function enter(field) {
    if (open?.input === field) return;
    await (loading ??= load()).catch(() => { loading = undefined; }); // without a calendar the field is typed into
    if (window.flatpickr && document.activeElement === field && open?.input !== field) show(field);
  }
  function show(field) {
    close();
    const typed = read(field.value) || null;
    const words = { ...window.flatpickr.l10ns[here.words ? "zh" : "default"], firstDayOfWeek: 1 };
    Object.assign(words, { monthAriaLabel: here.month, yearAriaLabel: here.year });
    open = window.flatpickr(field, {
      allowInput: true, ariaDateFormat: "Y-m-d", clickOpens: false, dateFormat: "Y-m-d", defaultDate: typed,
      disableMobile: true, locale: words, appendTo: field.closest("dialog") ?? document.body, position: place,
      onClose: () => setTimeout(forget, 0, field),
    });
    // It would empty a field whose text it cannot read; that text stays, to be told and mended.
    const set = open.setDate;
    open.setDate = (value, ...more) => {
      if (typeof value !== "string") set(value, ...more);
      else if (read(value)) set(read(value), ...more);
    };
    name(open.calendarContainer, field);
    open.open();
  }
  /** The calendar follows what is typed, and leaves the text alone. */
  function turn(text) {
    if (!open?.isOpen || !read(text)) return;
    open.selectedDates = [open.parseDate(read(text), "Y-m-d")];
    open.jumpToDate(read(text));
  }
  function name(box, field) {
    box.setAttribute("role", "dialog");
    box.setAttribute("aria-label", field.getAttribute("aria-label") ?? field.labels?.[0]?.textContent.trim() ?? "");
  }
  /** Below the field, above it where there is no room; fixed, so that no scrolling box cuts it. */
  function place({ calendarContainer: box, input: field }) {
    const at = field.getBoundingClientRect();
    const isAbove = at.bottom + box.offsetHeight + 8 > window.innerHeight && at.top > box.offsetHeight;
    const left = Math.min(at.left, document.documentElement.clientWidth - box.offsetWidth - 8);
    Object.assign(box.style, {
      top: `${isAbove ? at.top - box.offsetHeight - 4 : at.bottom + 4}px`, left: `${Math.max(8, left)}px`,
    });
  }
  const follow = () => open?.isOpen && place(open);
  const close = () => open?.isOpen && open.close();
  function forget(field) {
    if (open?.input !== field || open.isOpen) return;
    open.destroy();
    open = undefined;
    tidy(field);
  }

  const isDate = (target) => target instanceof HTMLInputElement && target.type === "text" && "date" in target.dataset;
  /** Before anybody else: Esc closes the calendar and not the dialog around it, Enter sends the form as ever. */
  function pressKey(event) {
    if (event.key === "Escape" && open?.isOpen) {
      event.preventDefault();
      event.stopPropagation();
      open.input.focus();
      close();
    } else if (isDate(event.target) && event.key === "Enter") {
      event.stopPropagation();
      tidy(event.target);
      close();
    } else if (isDate(event.target) && event.key === "ArrowDown") {
      event.preventDefault();
      if (open?.isOpen) intoDays();
      else enter(event.target);
    }
  }
  function intoDays() {
    const days = [...open.calendarContainer.querySelectorAll(".flatpickr-day:not(.prevMonthDay, .nextMonthDay)")];
    const is = (name) => days.find((one) => one.classList.contains(name));
    (is("selected") ?? is("today") ?? days[0]).focus();
  }

  if (isTouched) return;
  prepare();
  document.addEventListener("htmx:afterSwap", prepare);
  document.addEventListener("keydown", pressKey, true);
  document.addEventListener("change", ({ target }) => isDate(target) && tidy(target), true);
  document.addEventListener("input", ({ target }) => isDate(target) && turn(target.value));
  for (const type of ["focusin", "click"])
    document.addEventListener(type, ({ target }) => isDate(target) && enter(target));
  window.addEventListener("scroll", follow, true);
})();
