/* The left zone: a column on a desktop, a dialog where the window is narrow. */
(() => {
  "use strict";
  const { says, byId, drawn, make, button } = window.cimaise;
  const wide = matchMedia("(min-width: 75.01rem)");
  const parts = { talks: make("div", { class: "cim-talks" }), scope: make("div"), marks: make("div") };
  const side = make("aside", { id: "cim-side", "aria-label": says.side }, parts.talks, parts.scope, parts.marks);
  const close = button(says.close, () => dialog.close(), { class: "cim-btn cim-close" });
  const dialog = make("dialog", { id: "cim-dialog", "aria-label": says.side }, close);
  let opener = null;

  function place() {
    const shell = byId("cim-shell");
    if (!shell) return;
    // beside an open note there is no room for a column
    if (wide.matches && !shell.classList.contains("is-reading")) {
      if (dialog.open) dialog.close();
      if (side.parentElement !== shell) shell.prepend(side);
    } else if (side.parentElement !== dialog) dialog.append(side);
    if (!dialog.isConnected) document.body.append(dialog);
  }

  function show(part, from) {
    opener = from;
    place();
    if (side.parentElement === dialog) dialog.showModal();
    const first = part?.querySelector("input, select, button, summary");
    first?.focus();
    part?.scrollIntoView({ block: "nearest" });
  }

  dialog.addEventListener("close", () => {
    opener?.()?.focus(); // found again: it may have been drawn anew
    opener = null;
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // the veil
  });
  wide.addEventListener("change", place);

  function menu() {
    const brand = byId("rail")?.querySelector(".cim-brand");
    if (!brand || byId("cim-menu")) return;
    const opens = button(says.menu, () => show(null, () => byId("cim-menu")), { id: "cim-menu", class: "cim-menu", "aria-haspopup": "dialog" });
    brand.after(opens);
  }

  drawn.push(() => {
    place();
    menu();
  });
  window.cimaise.side = { parts, show, close: () => dialog.open && dialog.close() };
})();
