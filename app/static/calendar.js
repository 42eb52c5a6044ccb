/* The calendar of plan items. Days are texts and never moments, so no time zone can shift one; the company's day is
   today, whatever the browser's clock says. Month or week, day and person stay in the address. */
"use strict";
(() => {
  const box = document.getElementById("calendar");
  const said = box.dataset;
  const one = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const isNarrow = window.matchMedia("(max-width: 720px)");
  const iso = (day) => `${day.year}-${String(day.month + 1).padStart(2, "0")}-${String(day.day).padStart(2, "0")}`;
  const day = (text) => text.slice(0, 10);
  let look = said.look || (isNarrow.matches ? "week" : "month");

  const viewOf = () => ({ month: isNarrow.matches ? "listMonth" : "dayGridMonth", week: isNarrow.matches ? "listWeek" : "dayGridWeek" })[look];

  async function load({ startStr, endStr }, done) {
    const address = new URL(said.events, location.href);
    address.searchParams.set("start", day(startStr));
    address.searchParams.set("end", day(endStr));
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" } });
      if (answer.status === 401) location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      const { items, is_cut: isCut } = await answer.json();
      one("#cal-cut").hidden = !isCut;
      one("#cal-failed").hidden = true;
      done(items.map(({ day: start, href: url, todo: title, ...extendedProps }) => ({ start, url, title, allDay: true, extendedProps })));
    } catch {
      one("#cal-failed").hidden = false;
      done([]);
    }
  }

  const part = (name, text) => Object.assign(document.createElement("span"), { className: name, textContent: text });
  /** What fills an item; in the list the calendar leaves its link to us. */
  function draw({ event: { title, url, extendedProps: { look: sign, state, company, person } }, view }) {
    const parts = [part(`st s-${sign}`, state), part("ev-of", company), part("ev-todo", title), part("ev-who", person)];
    if (!view.type.startsWith("list")) return { domNodes: parts };
    const link = Object.assign(document.createElement("a"), { href: url });
    link.append(...parts);
    return { domNodes: [link] };
  }
  function explain({ el, event: { title, extendedProps: { state, company, person } } }) {
    el.title = [state, company, title, person].filter(Boolean).join("\n");
  }

  /** In a week the day stands at its head, since its column has no number. */
  const headOf = ({ text, date, view }) => view.type === "dayGridWeek" ? `${text} ${day(view.calendar.formatIso(date)).slice(5)}` : true;
  function titleOf(view) {
    if (look === "month") return view.title;
    const last = new Date(`${day(view.calendar.formatIso(view.currentEnd))}T00:00:00Z`);
    last.setUTCDate(last.getUTCDate() - 1);
    const ends = [day(view.calendar.formatIso(view.currentStart)), day(last.toISOString())];
    return ends.map((end) => isNarrow.matches ? end.slice(5) : end).join(" – ");
  }
  function show({ view }) {
    one("#cal-title").textContent = titleOf(view);
    for (const button of all("[data-look]:is(button)")) button.ariaPressed = String(button.dataset.look === look);
    for (const button of all("[data-step][data-month]")) button.title = button.ariaLabel = button.dataset[look];
    keep(day(view.calendar.formatIso(view.calendar.getDate())));
  }
  /** In the address of this page, and in the ways to the same page for other people. */
  function keep(date) {
    const kept = { date, view: look };
    const filled = (address) => {
      const url = new URL(address, location.href);
      for (const [name, value] of Object.entries(kept)) url.searchParams.set(name, value);
      return url.pathname + url.search;
    };
    history.replaceState(history.state, "", filled(location.href));
    for (const link of all("[data-keeps]")) link.href = filled(link.href);
    for (const [name, value] of Object.entries(kept)) {
      const field = one(`#filter [name="${name}"]`);
      if (field) field.value = value;
    }
  }

  for (const hidden of all(".cal-steps, .cal-looks, #cal-legend, #calendar")) hidden.hidden = false;
  const calendar = new FullCalendar.Calendar(box, {
    locale: said.locale, firstDay: 1, initialDate: said.day, now: said.today, initialView: viewOf(),
    headerToolbar: false, height: "auto", fixedWeekCount: false, expandRows: true, eventDisplay: "block",
    closeHint: said.close, timeHint: said.time, eventHint: said.event, noEventsContent: said.none, displayEventTime: false, allDayText: "",
    moreLinkText: (count) => said.beyond.replace("#", count), moreLinkHint: (count) => said.beyond.replace("#", count),
    dayHeaderFormat: { weekday: "short" }, dayHeaderContent: headOf, dayCellContent: ({ dayNumberText }) => dayNumberText.replace(/\D/g, ""),
    views: { dayGridMonth: { dayMaxEvents: 3 } },
    listDayFormat: ({ date }) => iso(date), listDaySideFormat: { weekday: "long" }, dayPopoverFormat: ({ date }) => iso(date),
    moreLinkDidMount: ({ el }) => el.setAttribute("role", "button"),
    events: load, eventContent: draw, eventDidMount: explain, datesSet: show,
  });
  calendar.render();

  for (const button of all("[data-step]")) button.addEventListener("click", () => calendar[button.dataset.step]());
  for (const button of all("[data-look]:is(button)")) button.addEventListener("click", () => {
    look = button.dataset.look;
    calendar.changeView(viewOf());
  });
  isNarrow.addEventListener("change", () => calendar.changeView(viewOf()));
})();
