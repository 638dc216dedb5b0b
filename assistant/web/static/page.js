/* What the scripts of the page share: elements, Gradio's fields, and the acts offered under questions and answers. */
(() => {
  "use strict";
  const { says, byId, say, drawn } = window.cimaise;

  /* An element with attributes; text is text, and HTML comes from our server only. */
  function make(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "text") node.textContent = value;
      else if (name === "html") node.innerHTML = value; // escaped by our server
      else if (name === "click") node.addEventListener("click", value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child !== null));
    return node;
  }

  const button = (text, click, attributes = {}) => make("button", { type: "button", class: "cim-btn", text, click, ...attributes });
  const phrase = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  const count = (number, nouns) => `${number}\u00a0${nouns[number < 2 ? 0 : 1]}`;
  const field = () => byId("q")?.querySelector("textarea");
  const turns = () => [...document.querySelectorAll("#chat .cim-turn")];
  const busy = () => !byId("send") || Boolean(document.querySelector("#status .cim-busy"));

  /* What had the focus is gone: the field has it next, but on a phone, whose keyboard would come up. */
  const land = () => setTimeout(() => matchMedia("(hover: hover)").matches && field()?.focus({ preventScroll: true }));
  document.addEventListener("click", (event) => event.target.closest?.("#stop") && land());

  /* Gradio reads its fields on input events. */
  function fill(id, value) {
    const area = byId(id)?.querySelector("textarea, input");
    if (!area || area.value === value) return;
    area.value = value;
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /* The scope of the next question, and the exchange that it replaces. */
  const context = { filters: {} };
  function tell(part) {
    Object.assign(context, part);
    fill("cim-context", JSON.stringify(context));
  }

  function ask(question, place) {
    if (busy()) return wait();
    tell({ place });
    fill("q", question);
    setTimeout(() => byId("send")?.click(), 50);
  }

  /* The exchange that an element belongs to: the last question at or before it. */
  function placeOf(node) {
    const before = turns().filter((turn) => turn.contains(node) || turn.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING);
    return before.length - 1;
  }
  const questionAt = (place) => turns()[place]?.querySelector(".cim-q")?.textContent ?? "";

  /* Editing: the question goes back into the field; asking replaces it and what follows. */
  let editing = null;
  function edit(place) {
    editing = place;
    tell({ place });
    fill("q", questionAt(place));
    showEditing();
    turns()[place]?.scrollIntoView({ block: "start" });
    const area = field();
    area?.focus({ preventScroll: true });
    area?.setSelectionRange(area.value.length, area.value.length);
  }
  function stopEditing(clear) {
    editing = null;
    tell({ place: undefined });
    if (clear) fill("q", "");
    showEditing();
  }
  function showEditing() {
    const known = byId("cim-editing");
    if (editing === null) return known?.remove();
    if (known) return;
    const cancel = button(says.edit_cancel, () => { stopEditing(true); field()?.focus(); });
    byId("field")?.before(make("p", { id: "cim-editing", class: "cim-editing" }, make("span", { text: says.editing }), cancel));
  }

  /* The parts of the vault, and its name: told once, as soon as there is an index. */
  const { waiting } = JSON.parse(byId("cim-welcome").textContent);
  const ready = waiting ? new Promise((done) => document.addEventListener("cim-ready", done, { once: true })) : Promise.resolve();
  const scope = ready.then(() => fetch("/scope")).then((response) => (response.ok ? response.json() : null)).catch(() => null);

  const acts = {
    edit: (_, place) => edit(place),
    lead: (node) => ask(node.textContent),
    again: (_, place) => ask(questionAt(place), place),
  };

  document.addEventListener("click", (event) => {
    const act = event.target.closest?.("a.cim-act");
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    acts[act.getAttribute("href").slice(5)]?.(act, placeOf(act));
  }, true);

  document.addEventListener("keydown", (event) => {
    if (event.key === " " && event.target.matches?.("a.cim-act")) {
      event.preventDefault();
      event.target.click();
    } else if (event.key === "Escape" && editing !== null && event.target === field()) stopEditing(true);
  });

  /* One answer at a time: what is asked meanwhile stays where it is. */
  const wait = () => say(says.busy, true);

  document.addEventListener("keydown", (event) => {
    const asks = event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target === field();
    if (asks && event.target.value.trim() && busy()) wait();
  });

  /* Keyboards go past the left zone. */
  function skip() {
    if (byId("cim-skip") || !field() || !byId("rail")) return;
    const link = make("a", { id: "cim-skip", href: "#q", text: says.skip });
    link.addEventListener("click", (event) => {
      event.preventDefault();
      field().focus();
    });
    byId("rail").prepend(link);
  }

  drawn.push(() => {
    skip();
    if (!busy() && byId("cim-live")?.textContent === says.busy) say("");
    for (const act of document.querySelectorAll("a.cim-act:not([role])")) act.setAttribute("role", "button");
  });

  Object.assign(window.cimaise, { make, button, phrase, count, field, land, turns, busy, fill, context, tell, ask, stopEditing, acts, scope, questionAt, placeOf });
})();
