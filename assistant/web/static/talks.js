/* Conversations kept in this browser: saved after each answer, listed in the left zone, opened again, erased.
   What is kept is the record of each exchange; the server draws it anew, so that nothing kept is ever HTML. */
(() => {
  "use strict";
  const { says, byId, say, did, drawn, make, button, phrase, fill, placeOf, busy, field, land, side, scope } = window.cimaise;
  const TALKS = "cimaise.talks";
  const CURRENT = "cimaise.current"; // of this tab
  const MOST = 40; // conversations
  const ROOM = 56_000; // bytes that the server takes at once to open a conversation
  const SHOWN = 6;
  let vault = "";
  let awaited = null; // the records on screen when another conversation was asked for
  let older = []; // records of this conversation that did not fit when it was opened again
  let ready = false;
  let waiting = 0;

  function load(key, otherwise) {
    try {
      return JSON.parse(localStorage.getItem(key)) ?? otherwise;
    } catch {
      return otherwise;
    }
  }

  function store(key, value) {
    try {
      localStorage.setItem(key, JSON.stringify(value));
      return true;
    } catch {
      return false; // full, or refused by the browser
    }
  }

  const isTalk = (talk) => talk && typeof talk.id === "string" && typeof talk.title === "string" && Array.isArray(talk.records);
  const all = () => {
    const kept = load(TALKS, []);
    return Array.isArray(kept) ? kept.filter(isTalk) : [];
  };
  const talks = () => all().filter((talk) => talk.vault === vault);
  const current = () => sessionStorage.getItem(CURRENT);
  const setCurrent = (id) => (id ? sessionStorage.setItem(CURRENT, id) : sessionStorage.removeItem(CURRENT));

  /* The records of the exchanges on screen, by their place; an exchange that failed has none. */
  function records() {
    const found = [];
    for (const node of document.querySelectorAll("#chat .cim-record")) {
      const bytes = Uint8Array.from(atob(node.textContent), (letter) => letter.charCodeAt(0));
      found[placeOf(node)] = JSON.parse(new TextDecoder().decode(bytes));
    }
    return found;
  }
  const signature = () => [...document.querySelectorAll("#chat .cim-record")].map((node) => node.textContent).join(" ");

  let saved = "";
  function save() {
    const now = signature();
    if (awaited !== null) {
      if (now === awaited) return;
      awaited = null;
      saved = now;
    }
    if (busy() || now === saved || !now) return;
    saved = now;
    const kept = records().filter(Boolean);
    const id = current() ?? crypto.getRandomValues(new Uint32Array(2)).join("-");
    setCurrent(id);
    let others = all().filter((talk) => talk.id !== id);
    const whole = [...older, ...kept];
    const talk = { id, vault, title: String(whole[0].question), at: Date.now(), records: whole };
    while (!store(TALKS, [talk, ...others].slice(0, MOST))) {
      if (!others.length) return say(says.not_kept, true);
      others = others.slice(0, -1); // the oldest makes room
    }
    list();
  }

  function reopen(written) {
    awaited = signature();
    fill("cim-kept", written);
    setTimeout(() => byId("cim-reopen")?.click(), 50);
    clearTimeout(waiting);
    waiting = setTimeout(() => { awaited = null; }, 10_000);
  }

  function open(talk) {
    const size = (list) => new Blob([JSON.stringify(JSON.stringify(list))]).size;
    let kept = talk.records;
    while (kept.length > 1 && size(kept) > ROOM) kept = kept.slice(1);
    older = talk.records.slice(0, talk.records.length - kept.length);
    setCurrent(talk.id);
    reopen(JSON.stringify(kept));
    say(older.length ? says.cut : "", older.length > 0);
    side.close();
    list();
  }

  function begin() {
    setCurrent(null);
    older = [];
    if (!signature() && !document.querySelector("#chat .cim-turn")) return done();
    reopen("");
    done();
  }
  function done() {
    side.close();
    list();
    field()?.focus({ preventScroll: true });
  }

  function erase(talk) {
    store(TALKS, all().filter((other) => other.id !== talk.id));
    if (talk.id === current()) begin();
    list();
    did(says.erased);
    side.parts.talks.querySelector("button")?.focus();
  }

  function eraseAll() {
    store(TALKS, all().filter((talk) => talk.vault !== vault));
    begin();
    did(says.erased_all);
  }

  /* What cannot be undone is asked twice, on the same button. */
  function twice(text, act) {
    const twofold = button(text, () => {
      if (twofold.textContent === says.erase_sure) return act();
      twofold.textContent = says.erase_sure;
    });
    twofold.addEventListener("blur", () => { twofold.textContent = text; });
    return twofold;
  }

  const held = (text) => text.replace(/ (?=[?!:;»])/g, "\u00a0"); // a mark never begins a line

  function row(talk) {
    const opens = make("button", { type: "button", class: "cim-talk", "aria-current": talk.id === current() ? "true" : null, text: held(talk.title), click: () => { if (talk.id === current()) side.close(); else open(talk); land(); } });
    const named = make("span", { class: "cim-sr", text: says.erase + talk.title });
    const erases = make("button", { type: "button", class: "cim-erase", click: () => erases.classList.contains("is-sure") ? erase(talk) : sure(true) }, named);
    function sure(asked) {
      erases.classList.toggle("is-sure", asked);
      named.classList.toggle("cim-sr", !asked);
      named.textContent = asked ? says.erase_this : says.erase + talk.title;
    }
    erases.addEventListener("blur", () => sure(false));
    return make("li", {}, opens, erases);
  }

  function list() {
    if (!ready) return;
    const rows = talks().map(row);
    const older = rows.slice(SHOWN);
    const shown = older.length > 1 ? rows.slice(0, SHOWN) : rows;
    const more = older.length > 1 ? make("details", { class: "cim-more" }, make("summary", { text: phrase(says.older, { number: older.length }) }), make("ul", {}, ...older)) : null;
    const known = rows.length ? [make("h2", { text: says.talks }), make("ul", {}, ...shown), more, twice(says.erase_all, eraseAll)] : [];
    side.parts.talks.replaceChildren(button(says.new, begin), ...known.filter(Boolean));
  }

  scope.then((told) => {
    vault = told?.vault ?? "";
    ready = true;
    list();
    restore();
  });

  /* A reload shows what was there: never a blank page. */
  let restored = false;
  function restore() {
    if (restored || !ready || !byId("cim-reopen")) return;
    restored = true;
    const talk = talks().find((kept) => kept.id === current());
    if (talk && !signature()) open(talk);
    else if (!talk) setCurrent(null);
  }

  addEventListener("storage", list); // another tab
  drawn.push(() => {
    restore();
    if (ready && restored) save();
  });
  Object.assign(window.cimaise, { records, restored: () => restored && awaited === null, whole: () => [...older, ...records()], load, store });
})();
