/* From note to note in the reader: its wikilinks and backlinks are followed in place, and each note leads back to
   the one before; Escape and the browser's Back still return to the citation the reader was opened from. */
(() => {
  "use strict";
  const { says, say, reader } = window.cimaise;
  const LINKS = '#cim-reader a[href^="/note/"]';
  const narrow = matchMedia("(max-width: 40rem)");
  let here = null; // the address of the note one reads
  let trail = []; // {href, top, place}: the notes before it, how far they were scrolled, the link that was followed

  const links = () => [...document.querySelectorAll(LINKS)];
  const scroller = (zone) => (getComputedStyle(zone).overflowY !== "visible" ? zone : document.scrollingElement);

  /* The note of an address in place of the one before; nothing when the reader was closed meanwhile. */
  async function turn(href) {
    const from = reader.opened();
    const html = await reader.load(href);
    if (reader.opened() !== from) return false;
    if (html === null) say(says.failed, true);
    else reader.show(html, href, false);
    return html !== null;
  }

  async function follow(link) {
    const zone = link.closest("#cim-reader");
    const left = { href: here, top: scroller(zone).scrollTop, place: links().indexOf(link) };
    trail.push(left);
    if (!(await turn(link.getAttribute("href")))) trail = trail.filter((step) => step !== left);
  }

  async function back() {
    const last = trail.pop();
    if (!(await turn(last.href))) return;
    const link = links()[last.place];
    link?.focus({ preventScroll: true });
    const zone = document.getElementById("cim-reader");
    scroller(zone).scrollTop = last.top;
  }

  reader.shown.push((zone, href, fresh) => {
    here = href;
    if (fresh) trail = [];
    const bar = zone.querySelector(".cim-reader-bar");
    if (trail.length) {
      const before = document.createElement("button");
      before.type = "button";
      before.className = "cim-btn";
      before.textContent = says.back_note;
      before.addEventListener("click", back);
      bar.append(before);
    }
    const outside = zone.querySelector(".cim-obsidian");
    if (outside && !narrow.matches) bar.append(outside); // on a phone it stays below the note
  });

  /* The browser's Back, which a phone has at hand, closes the reader before it leaves anything else. */
  const marked = () => history.state?.reading === true;
  reader.shown.push(() => {
    if (!marked()) history.pushState({ reading: true }, "");
  });
  reader.closed.push(() => {
    if (marked()) history.back();
  });
  addEventListener("popstate", () => {
    if (!marked()) reader.close();
    else if (!reader.opened()) history.back(); // the note was closed: its step shows nothing
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(LINKS);
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    follow(link);
  }, true);
})();
