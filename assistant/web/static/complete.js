/* « [[ » in the field offers the titles of notes: arrows choose, Enter or Tab names, Escape gives up. */
(() => {
  "use strict";
  const { says, byId, say, drawn, make, phrase, count, field, fill } = window.cimaise;
  const OPEN = /\[\[([^[\]\n]{0,80})$/; // what is typed of a title, before the caret
  const list = make("ul", { id: "cim-titles", role: "listbox", "aria-label": says.titles, hidden: true });
  let chosen = -1;
  let wanted = null; // what was typed of the title being looked for

  const options = () => [...list.children];
  const isOpen = () => !list.hidden;

  function close() {
    wanted = null;
    list.hidden = true;
    list.replaceChildren();
    field()?.removeAttribute("aria-activedescendant");
  }

  function choose(place) {
    const all = options();
    chosen = (place + all.length) % all.length;
    all.forEach((option, at) => option.setAttribute("aria-selected", String(at === chosen)));
    field().setAttribute("aria-activedescendant", all[chosen].id);
    all[chosen].scrollIntoView({ block: "nearest" });
  }

  function name(title) {
    const area = field();
    const start = area.value.slice(0, area.selectionStart).replace(OPEN, `[[${title}]] `);
    const rest = area.value.slice(area.selectionStart).replace(/^\]\]/, "");
    close();
    fill("q", start + rest);
    area.focus();
    area.setSelectionRange(start.length, start.length);
  }

  function offer(titles) {
    if (!titles.length) return close();
    if (isOpen() && titles.join("\n") === options().map((option) => option.textContent).join("\n")) return; // what was chosen stays
    list.replaceChildren(...titles.map((title, at) => {
      const option = make("li", { id: `cim-title-${at}`, role: "option", "aria-selected": "false", text: title });
      option.addEventListener("pointerdown", (event) => {
        event.preventDefault(); // the field keeps the focus
        name(title);
      });
      return option;
    }));
    if (list.parentElement !== byId("field")) byId("field").append(list);
    list.hidden = false;
    choose(0);
    say(phrase(says.titles_found, { number: count(titles.length, says.notes) }));
  }

  async function look(area) {
    const typed = OPEN.exec(area.value.slice(0, area.selectionStart))?.[1];
    if (typed === undefined) return isOpen() && close();
    wanted = typed;
    const response = await fetch(`/titles?q=${encodeURIComponent(typed)}`).catch(() => null);
    const titles = response?.ok ? await response.json() : [];
    if (wanted === typed) offer(titles.filter((title) => !/[[\]|#]/.test(title)));
  }

  document.addEventListener("input", (event) => {
    if (event.target === field()) look(event.target);
  });

  const keys = {
    ArrowDown: () => choose(chosen + 1),
    ArrowUp: () => choose(chosen - 1),
    Enter: () => name(options()[chosen].textContent),
    Tab: () => name(options()[chosen].textContent),
    Escape: close,
  };
  document.addEventListener("keydown", (event) => {
    if (!isOpen() || event.target !== field() || event.shiftKey || event.isComposing || !keys[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  }, true);
  document.addEventListener("focusout", (event) => {
    if (event.target === field()) close();
  });

  drawn.push(() => {
    const area = field();
    if (!area || area.hasAttribute("aria-autocomplete")) return;
    area.setAttribute("aria-autocomplete", "list");
    area.setAttribute("aria-haspopup", "listbox");
    area.setAttribute("aria-controls", list.id);
    byId("field").append(list);
  });
})();
