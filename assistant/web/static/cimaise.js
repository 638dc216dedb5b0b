/* The one script of ours: citations open their note in the reader, and what Gradio says in English is mended.
   It comes before Gradio's own scripts, holds no French (see texts.py), and builds nothing from strings of notes:
   the reader's HTML comes escaped from our /note/ route. */
(() => {
  "use strict";
  const says = JSON.parse(document.getElementById("cim-texts").textContent);

  // Gradio picks its language from the browser's; the page is in French whatever the browser speaks.
  Object.defineProperty(navigator, "language", { get: () => "fr" });

  const LINKS = 'a[href^="/note/"]';
  const byId = (id) => document.getElementById(id);
  const drawn = []; // what our other scripts do after each of Gradio's drawings
  const shown = []; // what they do after each note that the reader shows: (zone, href, fresh)
  const closed = []; // and once it is closed
  window.cimaise = { says, byId, say, did, drawn, find, read, reader: { shown, closed, load, show, close, opened: () => opened } };
  let missing = ""; // why the note asked for last did not open
  let opened = null; // {href, home, label}: what the reader shows, what finds the citation it was opened from, its number

  const zoneOf = (link) => link.closest("#evidence, #cim-view")?.id ?? "chat";
  const linksOf = (zone) => [...(byId(zone)?.querySelectorAll(LINKS) ?? [])];

  /* Gradio draws a message anew when it changes: return what finds a link again, by its place. */
  function find(link) {
    const [zone, href] = [zoneOf(link), link.getAttribute("href")];
    const place = linksOf(zone).indexOf(link);
    return () => {
      const links = linksOf(zone);
      return links[place]?.getAttribute("href") === href ? links[place] : links.find((each) => each.getAttribute("href") === href);
    };
  }
  const citation = () => opened?.home() ?? null;
  const labelOf = (link) => (link.matches(".cim-cite") ? link.childNodes[1].textContent : link.closest(".cim-ev")?.querySelector(".cim-num")?.textContent ?? "");

  /* Faults are shown, and what was done that nothing else shows; the rest is for those who do not see the reader open. */
  function did(text) { say(text, false, true); }
  function say(text, fault = false, seen = fault) {
    const status = byId("cim-live");
    if (!status) return;
    status.classList.toggle("cim-sr", !seen);
    status.classList.toggle("cim-fault", fault);
    if (status.textContent !== text) status.textContent = text;
  }

  function reader() {
    let zone = byId("cim-reader");
    if (!zone) {
      zone = document.createElement("section");
      zone.id = "cim-reader";
      zone.className = "cim-reader";
      zone.setAttribute("aria-label", says.reader);
      zone.hidden = true;
      byId("cim-shell").append(zone);
    }
    return zone;
  }

  function bar(label) {
    const line = document.createElement("div");
    line.className = "cim-reader-bar";
    const back = document.createElement("button");
    back.type = "button";
    back.className = "cim-btn";
    back.textContent = label ? says.back.replace("{number}", label) : byId("cim-shell").classList.contains("is-viewing") ? says.back_view : says.back_plain;
    back.addEventListener("click", close);
    line.append(back);
    return line;
  }

  /* The HTML of a note by its address, null when it cannot be had. */
  async function load(href) {
    const path = href.split("#")[0];
    missing = says.failed;
    say(says.loading);
    try {
      const response = await fetch(`${path}${path.includes("?") ? "&" : "?"}fragment=1`);
      if (response.status === 404) missing = says.gone;
      return response.ok ? await response.text() : null;
    } catch {
      return null;
    }
  }

  /* Open the note of a link; `home` finds what the reader goes back to, whose number is `label`. */
  async function read(link, home = find(link), label = labelOf(link)) {
    const href = link.getAttribute("href");
    const mine = { href, home, label };
    opened = mine;
    const html = await load(href);
    if (opened !== mine) return; // closed, or another citation opened meanwhile
    if (html === null) {
      opened = null;
      say(missing, true);
      return;
    }
    show(html, href);
  }

  function show(html, href, fresh = true) {
    const { label: number } = opened;
    const hash = href.split("#")[1];
    const zone = reader();
    if (zone.hidden) zone.dataset.scroll = String(scrollY);
    zone.innerHTML = html;
    zone.prepend(bar(number));
    zone.hidden = false;
    byId("cim-shell").classList.add("is-reading");
    zone.querySelector(".cim-note-title").focus({ preventScroll: true });
    const mark = hash ? zone.querySelector(`#${CSS.escape(hash)}`) : null;
    scrollTo(zone, mark);
    for (const hook of shown) hook(zone, href, fresh);
    mend();
    say(number && fresh ? says.opened.replace("{number}", number) : says.opened_plain);
  }

  /* The mark comes to a third of the height: of the reader on a desktop, of the window on a phone. */
  function scrollTo(zone, mark) {
    const own = getComputedStyle(zone).overflowY !== "visible";
    const scroller = own ? zone : document.scrollingElement;
    const height = own ? zone.clientHeight : innerHeight;
    const top = own ? zone.getBoundingClientRect().top : 0;
    const at = mark ? mark.getBoundingClientRect().top - top + scroller.scrollTop - height / 3 : 0;
    scroller.scrollTop = Math.max(0, at);
  }

  function close() {
    const zone = byId("cim-reader");
    if (!zone || zone.hidden) return;
    const back = citation();
    zone.hidden = true;
    zone.replaceChildren();
    byId("cim-shell").classList.remove("is-reading");
    window.scrollTo(0, Number(zone.dataset.scroll) || 0);
    opened = null;
    mend();
    say("");
    (back ?? byId("q")?.querySelector("textarea"))?.focus();
    back?.scrollIntoView({ block: "nearest" });
    for (const hook of closed) hook();
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(LINKS);
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (!link.closest("#cim-shell") || link.closest("#cim-reader")) return; // reader.js goes from note to note
    event.preventDefault();
    event.stopPropagation();
    if (!link.matches("#chat .cim-cite") || !window.cimaise.reveal?.(link)) read(link);
  }, true);

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && opened) close();
  });

  /* A citation that has the focus keeps it when its message is drawn anew. */
  let held = null; // {link, again}
  document.addEventListener("focusin", (event) => {
    const link = event.target.closest?.(`#cim-shell :is(#chat, #evidence) ${LINKS}`);
    held = link ? { link, again: find(link) } : null;
  });
  function hold() {
    if (held && !held.link.isConnected && document.activeElement === document.body) held.again()?.focus({ preventScroll: true });
  }

  const put = (node, name, value) => {
    if (node && node.getAttribute(name) !== value) node.setAttribute(name, value);
  };

  /* What Gradio's markup lacks, put back after each of its drawings. */
  function mend() {
    const log = byId("chat")?.querySelector('[role="log"]');
    put(log, "aria-live", "off"); // the status line speaks instead
    put(log, "aria-label", says.chat);
    for (const message of byId("chat")?.querySelectorAll("[data-testid][aria-label]") ?? []) {
      message.removeAttribute("aria-label"); // “bot's message:” and its source
    }
    for (const voice of document.querySelectorAll('.sr-only[role="status"]')) put(voice, "aria-live", "off"); // Gradio's, in English
    const status = byId("status");
    put(status, "role", "status");
    put(status, "aria-live", "polite");
    put(byId("evidence"), "role", "complementary");
    put(byId("evidence"), "aria-label", says.evidence);
    const here = citation();
    for (const link of document.querySelectorAll(`#cim-shell ${LINKS}`)) {
      link.removeAttribute("target");
      const on = link === here || (opened !== null && link.getAttribute("href") === opened.href);
      link.classList.toggle("is-open", on);
      if (!link.matches(".cim-cite")) {
        link.closest(".cim-ev")?.classList.toggle("is-open", on);
        continue;
      }
      const word = link.querySelector(".cim-open");
      if (on && !word) {
        const hidden = document.createElement("span");
        hidden.className = "cim-sr cim-open";
        hidden.textContent = says.open;
        link.append(hidden);
      } else if (!on && word) word.remove();
    }
    if (!byId("cim-live") && status) {
      const live = document.createElement("p");
      live.id = "cim-live";
      live.className = "cim-sr";
      live.setAttribute("role", "status");
      status.after(live);
    }
  }

  /* Gradio's toasts are in English and hidden by the style sheet: one French sentence stands for them. */
  let toasted = "";
  function toast() {
    const text = [...document.querySelectorAll(".toast-message-text")].map((node) => node.textContent).join(" ");
    if (text === toasted) return;
    toasted = text;
    if (text.includes("was lost")) return window.cimaise.away(); // Gradio loads the page anew once the server answers
    say(text && (text.includes("busy") ? says.full : says.not_taken), Boolean(text));
  }

  /* A new question comes to the top; the answer then grows below it and nothing moves. */
  let questions = 0;
  function follow() {
    const asked = document.querySelectorAll("#chat .cim-q");
    if (asked.length > questions) asked[asked.length - 1].closest(".cim-turn").scrollIntoView({ block: "start" });
    questions = asked.length;
  }

  /* The field takes the focus on a desktop; on a phone it would raise the keyboard over the page. */
  let greeted = false;
  function greet() {
    const field = byId("q")?.querySelector("textarea");
    if (greeted || !field) return;
    greeted = true;
    if (matchMedia("(min-width: 60rem)").matches && document.activeElement === document.body) field.focus({ preventScroll: true });
  }

  let due = false;
  new MutationObserver(() => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      mend();
      hold();
      follow();
      toast();
      greet();
      for (const draw of drawn) draw();
    });
  }).observe(document, { childList: true, subtree: true });
})();
