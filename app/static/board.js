/* The board: a dragged card asks the question of its own menu. Where a card may go stands in its menu, and why it may
   not stands at its column; nothing of the life cycle is known here. */
"use strict";
(() => {
  const board = document.getElementById("board");
  const dialog = document.getElementById("dialog");
  if (!board) return;
  const lists = [...board.querySelectorAll("[data-status]")];
  const wayTo = (card, list) => card.querySelector(`[data-after="${list.dataset.status}"]`);
  let place, dropped;

  function lift({ item, from }) {
    place = { item, from, before: item.nextElementSibling };
    const refusals = JSON.parse(from.dataset.refusals);
    board.classList.add("is-dragging");
    document.addEventListener("pointermove", stray);
    for (const list of lists.filter((other) => other !== from)) {
      const way = wayTo(item, list);
      list.parentElement.classList.add(way ? "may-drop" : "no-drop");
      list.parentElement.querySelector(".lane-word").textContent = way?.textContent.trim() ?? refusals[list.dataset.status];
    }
  }
  /** A card that came into a column on its way elsewhere does not stay there. */
  function stray({ clientX, clientY }) {
    const { item, from, before } = place;
    const isWelcome = document.elementFromPoint(clientX, clientY)?.closest(".may-drop");
    if (!isWelcome && item.parentElement !== from) from.insertBefore(item, before);
  }
  function settle() {
    document.removeEventListener("pointermove", stray);
    board.classList.remove("is-dragging");
    for (const list of lists) list.parentElement.classList.remove("may-drop", "no-drop");
  }
  function drop({ item, from, to }) {
    settle();
    if (to === from) return;
    dropped = place;
    item.classList.add("is-asked");
    wayTo(item, to).click();
  }
  /** Nothing was decided: the card is where it was. */
  function putBack() {
    if (!dropped) return;
    dropped.item.classList.remove("is-asked");
    dropped.from.insertBefore(dropped.item, dropped.before);
    dropped = undefined;
  }

  for (const list of lists) new Sortable(list, {
    group: { name: "board", pull: true, put: (to, _from, card) => Boolean(wayTo(card, to.el)) },
    sort: false, draggable: ".opp", filter: ".pop", preventOnFilter: false, animation: 120,
    forceFallback: true, fallbackOnBody: true, fallbackTolerance: 5, delay: 250, delayOnTouchOnly: true,
    ghostClass: "is-ghost", fallbackClass: "is-carried", onStart: lift, onEnd: drop,
  });
  dialog.addEventListener("close", putBack);
  // The question could not be asked: no dialog opened, so none will close.
  document.addEventListener("htmx:afterRequest", () => setTimeout(() => dialog.open || putBack(), 100));
})();
