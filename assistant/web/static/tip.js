/* The quotation behind a citation, shown while it is hovered or has the focus: one tooltip for the page. */
(() => {
  "use strict";
  const { byId, drawn, make, records, placeOf } = window.cimaise;
  const CITATION = 'a.cim-cite[href^="/note/"]';
  const LONGEST = 420; // characters: the reader shows the rest
  const tip = make("div", { id: "cim-tip", role: "tooltip", class: "cim-tip", hidden: true });
  const pointed = matchMedia("(hover: hover)"); // a tap opens the note instead
  let about = null;
  let leaving = 0;

  /* As the page shows it: signs of Markdown stay out. */
  const plain = (said) => said
    .replace(/!?\[\[(?:[^[\]|\n]*\|)?([^[\]|\n]*)\]\]/g, "$1")
    .replace(/!?\[([^[\]\n]*)\]\([^()\n]*\)/g, "$1")
    .replace(/\*\*([^*\n]+)\*\*/g, "$1")
    .replace(/^[ \t]*(?:[-*+>]|#{1,6})[ \t]+/gm, "");

  /* The kept quotation that a citation opens; none while its answer is being written. */
  function quotation(link) {
    const start = Number(new URL(link.href).searchParams.get("start"));
    const number = Number(link.childNodes[1].textContent);
    return records()[placeOf(link)]?.citations.find((cited) => cited.number === number && cited.start === start);
  }

  function show(link) {
    clearTimeout(leaving);
    if (about === link) return;
    const cited = quotation(link);
    if (!cited) return hide();
    hide();
    about = link;
    const note = cited.path.split("/").at(-1).replace(/\.\w+$/, "");
    const said = plain(cited.said);
    const quote = said.length > LONGEST ? `${said.slice(0, LONGEST)}…` : said;
    tip.replaceChildren(make("b", { text: note }), make("span", { text: `«\u00a0${quote}\u00a0»` }));
    if (!tip.isConnected) byId("main").append(tip);
    tip.hidden = false;
    link.setAttribute("aria-describedby", tip.id);
    const at = link.getBoundingClientRect();
    const column = byId("chat").getBoundingClientRect();
    tip.style.left = `${Math.max(column.left, Math.min(at.left - 16, column.right - tip.offsetWidth))}px`;
    const below = at.bottom + 6 + tip.offsetHeight < byId("composer").getBoundingClientRect().top;
    tip.style.top = `${below ? at.bottom + 6 : Math.max(8, at.top - 6 - tip.offsetHeight)}px`;
  }

  function hide() {
    clearTimeout(leaving);
    about?.removeAttribute("aria-describedby");
    about = null;
    tip.hidden = true;
  }

  const over = (target) => target.closest?.(CITATION);
  document.addEventListener("pointerover", (event) => {
    if (!pointed.matches || event.pointerType === "touch") return;
    if (over(event.target)) show(over(event.target));
    else if (event.target.closest?.("#cim-tip")) clearTimeout(leaving);
    else if (about && about !== document.activeElement) {
      clearTimeout(leaving);
      leaving = setTimeout(hide, 200);
    }
  });
  document.addEventListener("focusin", (event) => {
    if (over(event.target) && event.target.matches(":focus-visible")) show(over(event.target));
    else hide();
  });
  document.addEventListener("click", hide, true);
  document.addEventListener("scroll", hide, true);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && about) hide();
  });
  drawn.push(() => {
    if (about && !about.isConnected) hide();
  });
})();
