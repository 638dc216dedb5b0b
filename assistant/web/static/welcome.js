/* The door: what the server says of the moment, drawn at once from the page itself; a first reading of the notes is
   followed to its end. */
(() => {
  "use strict";
  const { says, byId, say, drawn, make, ask } = window.cimaise;
  const EVERY_MS = 1000;
  let door = JSON.parse(byId("cim-welcome").textContent);

  const bar = ({ done, total }) => make("progress", { "aria-label": says.progress, value: (total && done) || null, max: total || null });
  const starter = (question) => make("button", { type: "button", class: "cim-starter", text: question, click: () => ask(question) });

  function content() {
    const parts = [door.lead && make("p", { class: "cim-lead", text: door.lead }), door.bar && bar(door.bar)];
    if (door.notice) parts.push(make("div", { class: "cim-notice" }, make("p", { text: door.notice }), door.choose ? make("a", { class: "cim-choose", href: "/index", text: door.choose }) : null));
    parts.push(make("ul", { class: "cim-door" }, ...door.door.map((text) => make("li", { text }))));
    if (door.starters.length) parts.push(make("h2", { class: "cim-eyebrow", text: says.starters }), ...door.starters.map(starter));
    return parts.filter(Boolean);
  }

  /* Only the line and the bar change while the notes are read: nothing else is drawn anew. */
  function update(home) {
    const lead = home.querySelector(".cim-lead");
    const known = home.querySelector("progress");
    if (!door.bar || !known || !lead) return home.replaceChildren(...content());
    lead.textContent = door.lead;
    if (door.bar.total && door.bar.done) Object.assign(known, { max: door.bar.total, value: door.bar.done });
    else known.removeAttribute("value");
  }

  function draw() {
    const welcome = byId("welcome");
    if (welcome && !byId("cim-door")) welcome.append(make("div", { id: "cim-door" }, ...content()));
    const status = byId("status");
    if (status && !byId("cim-mode")) status.before(make("p", { id: "cim-mode", class: "cim-meta", text: door.mode }));
    const mode = byId("cim-mode");
    if (mode) mode.hidden = Boolean(status.textContent.trim());
  }

  async function follow() {
    let now = null;
    try {
      const response = await fetch("/welcome");
      now = response.ok ? await response.json() : null;
    } catch {
      now = null; // not there for a moment
    }
    if (now) {
      if (door.waiting && !now.waiting) {
        say(now.lead);
        document.dispatchEvent(new Event("cim-ready"));
      }
      door = now;
      if (byId("cim-door")) update(byId("cim-door"));
      if (byId("cim-mode")) byId("cim-mode").textContent = door.mode;
    }
    if (door.waiting) setTimeout(follow, EVERY_MS);
  }

  drawn.push(draw);
  if (door.waiting) setTimeout(follow, EVERY_MS);
})();
