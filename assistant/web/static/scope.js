/* What part of the vault to search: boxes to tick in the left zone, chips over the field. */
(() => {
  "use strict";
  const { says, byId, say, did, drawn, make, button, phrase, count, tell, ask, acts, scope: told, questionAt, side } = window.cimaise;
  const KEPT = "cimaise.scope";
  const SHOWN = 8; // names of a list before the fold
  const filters = { folders: [], tags: [], since: null, until: null };
  let scope = null;

  /* What is active, as (name, how to remove it); the period is one. */
  function active() {
    const parts = ["folders", "tags"].flatMap((kind) =>
      filters[kind].map((name) => [kind === "tags" ? `#${name}` : name, () => toggle(kind, name, false)]));
    const [first, last] = [filters.since, filters.until].map((day) => day?.slice(0, 4));
    if (first || last) {
      const text = first === last ? first : first && last ? says.period : first ? says.since : says.until;
      parts.push([phrase(text, { first, last }), () => setYears(null, null)]);
    }
    return parts;
  }

  function toggle(kind, name, on) {
    filters[kind] = filters[kind].filter((other) => other !== name);
    if (on) filters[kind].push(name);
    changed();
  }

  function setYears(first, last) {
    if (first && last && first > last) [first, last] = [last, first];
    filters.since = first ? `${first}-01-01` : null;
    filters.until = last ? `${last}-12-31` : null;
    changed();
  }

  function clear() {
    Object.assign(filters, { folders: [], tags: [], since: null, until: null });
    changed();
  }

  function changed() {
    tell({ filters: { ...filters } });
    sessionStorage.setItem(KEPT, JSON.stringify(filters));
    drawChips();
    drawBoxes();
  }

  function drawChips() {
    const composer = byId("composer");
    if (!composer || !scope) return;
    const parts = active();
    const chips = parts.map(([name, remove]) =>
      make("button", { type: "button", class: "cim-chip", click: () => { remove(); did(phrase(says.removed, { name })); focusChips(); } },
        make("span", { class: "cim-sr", text: says.remove }), name));
    const add = make("button", { type: "button", class: "cim-chip cim-chip-add", text: says.refine, click: () => open(".cim-chip-add") });
    const narrow = make("button", {
      type: "button", class: "cim-narrow", "aria-haspopup": "dialog", text: parts.length ? count(parts.length, says.filters) : says.refine,
      click: () => open(".cim-narrow"),
    });
    const bar = make("div", { id: "cim-chips", role: "group", "aria-label": says.scope },
      make("span", { text: parts.length ? says.within : says.everywhere }), ...chips, add, narrow);
    const known = byId("cim-chips");
    if (known) known.replaceWith(bar);
    else composer.prepend(bar);
  }

  const open = (selector) => side.show(side.parts.scope, () => byId("cim-chips").querySelector(selector));
  const focusChips = () => byId("cim-chips")?.querySelector(".cim-chip")?.focus();

  function box(kind, [name, notes]) {
    const input = make("input", { type: "checkbox" });
    input.addEventListener("change", () => toggle(kind, name, input.checked));
    input.cimPart = [kind, name];
    const depth = kind === "folders" ? name.split("/").length - 1 : 0;
    const shown = kind === "tags" ? `#${name}` : name.split("/").at(-1);
    const label = make("label", { class: "cim-check", style: `padding-left:${depth}rem` }, input,
      make("span", { text: shown }), make("span", {}, String(notes), make("span", { class: "cim-sr", text: ` ${says.notes[notes < 2 ? 0 : 1]}` })));
    return make("li", {}, label);
  }

  function list(title, kind, names) {
    if (!names.length) return null;
    const rows = names.map((part) => box(kind, part));
    const rest = rows.slice(SHOWN);
    const more = rest.length > 1 ? make("details", { class: "cim-more" }, make("summary", { text: phrase(says.more, { number: rest.length }) }), make("ul", {}, ...rest)) : null;
    const id = `cim-${kind}`;
    return make("div", { role: "group", "aria-labelledby": id }, make("h2", { id, text: title }), make("ul", {}, ...(more ? rows.slice(0, SHOWN) : rows)), more);
  }

  function period() {
    if (scope.years.length < 2) return null;
    const choose = (id, text, all) => {
      const options = scope.years.map(([year, notes]) => make("option", { value: year, text: `${year} (${notes})` }));
      const select = make("select", { id }, make("option", { value: "", text: all }), ...options);
      select.addEventListener("change", () => setYears(...[...side.parts.scope.querySelectorAll("select")].map((each) => each.value || null)));
      return make("div", { class: "cim-year" }, make("label", { for: id, text }), select);
    };
    return make("div", { role: "group", "aria-labelledby": "cim-years" }, make("h2", { id: "cim-years", text: says.years }), choose("cim-from", says.from, says.first), choose("cim-to", says.to, says.last));
  }

  function build() {
    const parts = [list(says.folders, "folders", scope.folders), list(says.tags, "tags", scope.tags), period()];
    side.parts.scope.replaceChildren(...parts.filter(Boolean), button(says.whole, clear, { class: "cim-btn cim-whole" }));
    drawBoxes();
  }

  function drawBoxes() {
    for (const input of side.parts.scope.querySelectorAll("input")) input.checked = filters[input.cimPart[0]].includes(input.cimPart[1]);
    const [first, last] = side.parts.scope.querySelectorAll("select");
    if (first) first.value = filters.since?.slice(0, 4) ?? "";
    if (last) last.value = filters.until?.slice(0, 4) ?? "";
    const whole = side.parts.scope.querySelector(".cim-whole");
    if (whole) whole.hidden = !active().length;
  }

  /* What was chosen before a reload, as far as the vault still has it. */
  function recall() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
      for (const kind of ["folders", "tags"]) {
        const known = new Set(scope[kind].map(([name]) => name));
        filters[kind] = (Array.isArray(kept[kind]) ? kept[kind] : []).filter((name) => known.has(name));
      }
      for (const edge of ["since", "until"]) filters[edge] = /^\d{4}-\d\d-\d\d$/.test(kept[edge] ?? "") ? kept[edge] : null;
    } catch {
      sessionStorage.removeItem(KEPT);
    }
  }

  acts.widen = (_, place) => {
    clear();
    ask(questionAt(place), place);
  };

  /* Gradio's field must be there to be told: what a reload kept is told then. */
  let begun = false;
  drawn.push(() => {
    if (scope && !begun && byId("cim-context")) {
      begun = true;
      recall();
      build();
      changed();
    }
    if (scope && !byId("cim-chips")) drawChips();
  });
  told.then((known) => {
    scope = known;
    for (const draw of drawn) draw();
  });
})();
