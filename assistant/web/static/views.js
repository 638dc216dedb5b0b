/* The views beside the conversation: their tabs in the rail, and each opened in place by its own address, so that
   the conversation goes on behind it and the browser's Back leads through them. Without script they are plain links. */
(() => {
  "use strict";
  const { says, say, byId, drawn, make, reader } = window.cimaise;
  const CHAT = "/";
  const LATE_MS = 300; // what opens sooner needs no word
  const PAUSE_MS = 150; // between two letters, as one types
  const title = document.title;
  let asked = 0; // the last view asked for: an answer that comes late is not shown
  let current = ""; // the address of the view that is open
  let held = null; // what had the focus last in the conversation
  let scroll = 0; // how far it was scrolled

  const isView = (path) => says.views.some(([address]) => address !== CHAT && (path === address || path.startsWith(`${address}/`)));
  const here = () => location.pathname;

  function tabs() {
    const brand = byId("rail")?.querySelector(".cim-brand");
    if (!brand || byId("rail").querySelector(".cim-views")) return;
    const links = says.views.map(([href, text]) => make("a", { href, text }));
    brand.after(make("nav", { class: "cim-views", "aria-label": says.views_name }, ...links));
    tell();
  }

  /* The tab of the view one is in is the current one. */
  function tell() {
    for (const link of document.querySelectorAll("#rail .cim-views a")) {
      const address = link.getAttribute("href");
      const current = address === here() || (address !== CHAT && here().startsWith(`${address}/`));
      if (current) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  function section() {
    let zone = byId("cim-view");
    if (zone) return zone;
    zone = make("section", { id: "cim-view", hidden: true });
    byId("cim-shell").append(zone);
    return zone;
  }

  document.addEventListener("focusin", (event) => {
    if (event.target.closest("#main, #evidence")) held = event.target;
  });

  /* The view of an address, null when it cannot be had; one that is slow to come is waited for in words. */
  async function load(address, meanwhile) {
    const late = setTimeout(() => say(meanwhile, true), LATE_MS);
    try {
      const response = await fetch(`${address}${address.includes("?") ? "&" : "?"}fragment=1`);
      return response.ok ? await response.text() : null;
    } catch {
      return null;
    } finally {
      clearTimeout(late);
    }
  }

  async function open(address, meanwhile = says.view_loading) {
    const turn = ++asked;
    current = address;
    const zone = section();
    reader.close();
    if (zone.hidden) scroll = scrollY;
    byId("cim-shell").classList.add("is-viewing");
    zone.hidden = false;
    zone.setAttribute("aria-busy", "true");
    tell();
    const html = await load(address, meanwhile);
    if (turn !== asked) return;
    zone.removeAttribute("aria-busy");
    if (html === null) return fail(zone);
    zone.innerHTML = html;
    say(zone.querySelector(".cim-number")?.textContent ?? ""); // for those who do not see the list
    const heading = zone.querySelector("h1");
    document.title = heading ? `${heading.textContent} – ${title.split(/\s/)[0]}` : title;
    window.scrollTo(0, 0);
    heading?.focus({ preventScroll: true });
  }

  function fail(zone) {
    zone.replaceChildren(make("div", { class: "cim-view" }, make("div", { class: "cim-empty" }, make("p", { text: says.view_failed }))));
    say(says.view_failed);
  }

  function close() {
    asked++;
    current = "";
    reader.close();
    const zone = byId("cim-view");
    if (!zone || zone.hidden) return;
    zone.hidden = true;
    zone.replaceChildren();
    byId("cim-shell").classList.remove("is-viewing");
    document.title = title;
    tell();
    window.scrollTo(0, scroll);
    (held?.isConnected ? held : byId("q")?.querySelector("textarea"))?.focus({ preventScroll: true });
  }

  /* The step of an open note is taken over: Back would find nothing there. */
  function go(address, meanwhile) {
    const step = history.state?.reading ? "replaceState" : "pushState";
    if (address !== here() + location.search) history[step](null, "", address);
    if (here() === CHAT) close();
    else open(address, meanwhile);
  }

  /* An answer that ends unseen waits behind the tab of the conversation; the status line is heard meanwhile. */
  let seen = ""; // of the status line, which answer ended in sight
  function announce() {
    const ended = byId("status")?.querySelector("[class*=cim-asked-]:not(.cim-busy)")?.className;
    const tab = byId("rail")?.querySelector(`.cim-views a[href="${CHAT}"]`);
    const known = tab?.querySelector(".cim-ready");
    if (byId("chat")?.checkVisibility({ visibilityProperty: true })) {
      seen = ended ?? seen;
      known?.remove();
    } else if (byId("cim-shell")?.matches(".is-viewing, .is-reading") && ended && ended !== seen && !known) {
      tab.append(make("span", { class: "cim-ready", text: says.answer_ready }));
    }
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("#rail .cim-views a, #cim-view a");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.getAttribute("href").startsWith("#")) return; // a place in this very view
    const to = new URL(link.href);
    if (to.origin !== location.origin || !(to.pathname === CHAT || isView(to.pathname))) return;
    event.preventDefault();
    go(to.pathname + to.search, link.dataset.says);
  });

  /* A conversation chosen in the menu is one to be seen. */
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("#cim-dialog .cim-talks button:not(.cim-erase)")) go(CHAT);
  });

  /* A link to a folded part of a view unfolds it. */
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('#cim-view a[href^="#"]');
    const part = link && byId(link.getAttribute("href").slice(1));
    if (!part) return;
    event.preventDefault();
    part.open = true;
    part.querySelector("summary")?.focus({ preventScroll: true });
    part.scrollIntoView({ block: "start" });
  });

  function addressOf(form) {
    const pairs = [...new FormData(form)].filter(([, value]) => value !== "");
    const query = new URLSearchParams(pairs).toString();
    return new URL(form.action).pathname + (query ? `?${query}` : "");
  }

  document.addEventListener("submit", (event) => {
    const form = event.target.closest?.("#cim-view form");
    if (!form || form.method !== "get") return;
    event.preventDefault();
    go(addressOf(form));
  });

  /* The list follows what one types, field and note beside it untouched; one step back undoes all that was typed. */
  async function look(form) {
    const address = addressOf(form);
    if (!form.isConnected || address === current) return;
    const turn = ++asked;
    const html = await load(address, says.view_loading);
    if (turn !== asked || html === null) return;
    const searched = new URLSearchParams(location.search).has("q");
    history[searched || history.state?.reading ? "replaceState" : "pushState"](null, "", address);
    current = address;
    const found = make("div", { html });
    for (const part of [".cim-parts", ".cim-found"]) byId("cim-view").querySelector(part).replaceWith(found.querySelector(part));
    say(byId("cim-view").querySelector(".cim-number").textContent);
  }

  let typing = 0;
  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("#cim-view .cim-search");
    clearTimeout(typing);
    if (form && !event.isComposing) typing = setTimeout(look, PAUSE_MS, form);
  });

  addEventListener("popstate", () => {
    if (here() === CHAT) close();
    else if (isView(here()) && here() + location.search !== current) open(here() + location.search);
  });

  history.scrollRestoration = "manual"; // each view begins at its top, the conversation where one left it
  drawn.push(tabs, announce);
})();
