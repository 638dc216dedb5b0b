/* On a phone, what an answer rests on: a sheet over the conversation, walked from passage to passage.
   The last answer has its passages in the column, which a phone hides; those of an older answer are drawn
   anew by the server from its record. */
(() => {
  "use strict";
  const { says, byId, drawn, make, button, phrase, count, turns, records, placeOf, find, read } = window.cimaise;
  const narrow = matchMedia("(max-width: 60rem)");
  const place = make("p", { id: "cim-sheet-place", class: "cim-eyebrow", role: "status" });
  const before = button("←", () => go(at - 1), { "aria-label": says.passage_before });
  const after = button("→", () => go(at + 1), { "aria-label": says.passage_after });
  const bar = make("div", { class: "cim-sheet-bar" }, before, place, after, button(says.close, () => sheet.close()));
  const list = make("div");
  const sheet = make("dialog", { id: "cim-sheet", "aria-labelledby": place.id }, bar, list);
  const note = make("a", { class: "cim-btn cim-read", text: says.read_note });
  const peek = button("", () => openLast(), { id: "cim-peek", "aria-haspopup": "dialog" });
  let at = 0;
  let turn = 0; // the exchange whose passages are shown
  let home = null; // finds what opened the sheet
  let asked = 0;

  const cited = (zone) => [...zone.querySelectorAll(".cim-ev:not(.is-uncited)")];
  const numberOf = (passage) => passage.querySelector(".cim-num").textContent;
  const column = () => byId("evidence")?.querySelector(".cim-evidence");

  function go(wanted) {
    const passages = cited(list);
    at = Math.max(0, Math.min(wanted, passages.length - 1));
    passages.forEach((passage, nth) => passage.classList.toggle("is-open", nth === at));
    for (const [step, ends] of [[before, at === 0], [after, at >= passages.length - 1]]) {
      step.hidden = passages.length < 2;
      step.setAttribute("aria-disabled", String(ends));
    }
    place.textContent = passages.length ? phrase(says.passage_place, { number: at + 1, all: passages.length }) : says.evidence;
    const shown = passages[at];
    if (!shown) return;
    note.href = shown.querySelector("h3 a").getAttribute("href");
    shown.lastElementChild.append(note);
    shown.scrollIntoView({ block: "start" });
  }

  async function passagesOf(asker) {
    if (asker === turns().length - 1) return column()?.cloneNode(true);
    const record = records()[asker];
    const response = record && await fetch("/evidence", { method: "POST", body: JSON.stringify([record]) }).catch(() => null);
    return response?.ok ? make("div", { class: "cim-evidence", html: await response.text() }) : null;
  }

  /* Open the passages of an exchange at one of them; false when there are none to show. */
  async function open(asker, number, opener) {
    const mine = ++asked;
    const passages = await passagesOf(asker);
    if (mine !== asked) return true;
    if (!passages?.querySelector(".cim-ev")) return false;
    [turn, home] = [asker, opener];
    list.replaceChildren(passages);
    if (!sheet.isConnected) document.body.append(sheet);
    if (!sheet.open) sheet.showModal();
    go(cited(list).findIndex((passage) => numberOf(passage) === number));
    (cited(list)[at]?.querySelector("h3 a") ?? sheet.querySelector(".cim-sheet-bar .cim-btn:last-child")).focus({ preventScroll: true });
    return true;
  }
  const openLast = () => open(turns().length - 1, "", () => peek);

  /* The reader goes back to a citation of the passage it was opened from: the one tapped, else the first. */
  function readNote(link) {
    const number = numberOf(link.closest(".cim-ev"));
    const links = [...document.querySelectorAll("#chat a.cim-cite")].filter((each) => placeOf(each) === turn);
    const same = (each) => each?.matches(".cim-cite") && each.childNodes[1].textContent === number;
    const tapped = home?.();
    const back = same(tapped) ? tapped : links.find(same);
    const opener = home;
    home = null;
    sheet.close();
    read(link, back ? find(back) : opener, back ? number : "");
  }

  sheet.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='/note/']");
    if (event.target === sheet) sheet.close(); // the veil
    if (!link) return;
    event.preventDefault();
    readNote(link);
  });
  sheet.addEventListener("close", () => {
    home?.()?.focus();
    home = null;
  });
  narrow.addEventListener("change", () => sheet.open && sheet.close());

  drawn.push(() => {
    const chips = byId("cim-chips");
    if (chips && peek.nextElementSibling !== chips) chips.before(peek);
    const own = column();
    const number = own ? cited(own).length : 0;
    const text = number ? count(number, says.cited) : count(own?.querySelectorAll(".cim-ev").length ?? 0, says.read);
    if (peek.textContent !== text) peek.textContent = text;
    peek.hidden = !own?.querySelector(".cim-ev");
  });

  /* A citation shows its passage here where there is no column; true when it does. */
  window.cimaise.reveal = (link) => {
    if (!narrow.matches) return false;
    const number = link.childNodes[1].textContent;
    open(placeOf(link), number, find(link)).then((shown) => shown || read(link));
    return true;
  };
})();
