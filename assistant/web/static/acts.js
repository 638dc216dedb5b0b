/* What one does with an answer: copy it with its sources, export the conversation, say whether it helped. */
(() => {
  "use strict";
  const { says, byId, say, did, drawn, make, button, phrase, acts, records, whole, load, store, side, scope, placeOf } = window.cimaise;
  const MARKS = "cimaise.marks";
  let vault = "";

  async function write(form, kept) {
    const response = await fetch(`/export/${form}`, { method: "POST", body: JSON.stringify(kept.filter(Boolean)) });
    if (!response.ok) throw new Error(String(response.status));
    return response.text();
  }

  function download(name, kind, text) {
    const url = URL.createObjectURL(new Blob([text], { type: `${kind};charset=utf-8` }));
    make("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }
  const named = (suffix) => `cimaise-${new Date().toISOString().slice(0, 10)}.${suffix}`;

  /* Without a secure address, as in a workshop, browsers have no clipboard but the old one. */
  async function copy(text) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const area = make("textarea", { class: "cim-sr", readonly: true });
    area.value = text;
    document.body.append(area);
    area.select();
    const taken = document.execCommand("copy");
    area.remove();
    if (!taken) throw new Error("copy");
  }

  acts.copy = async (act, place) => {
    try {
      await copy(await write("text", [records()[place]]));
      act.focus();
      did(says.copied);
    } catch {
      say(says.not_copied, true);
    }
  };

  /* Choices open under the act; Escape closes them and goes back to it. */
  function choose(act, title, choices) {
    const line = act.closest(".cim-acts");
    const open = line.nextElementSibling;
    const same = open?.classList.contains("cim-choices") && open.cimAct === act;
    if (open?.classList.contains("cim-choices")) open.remove();
    for (const other of line.querySelectorAll("[aria-expanded]")) other.setAttribute("aria-expanded", "false");
    if (same) return;
    act.setAttribute("aria-expanded", "true");
    const close = () => {
      group.remove();
      act.setAttribute("aria-expanded", "false");
      act.focus();
    };
    const buttons = choices.map(([text, chosen]) => button(text, () => { close(); chosen(); }));
    const group = make("div", { class: "cim-choices", role: "group", "aria-label": title }, make("span", { text: title }), ...buttons);
    group.cimAct = act;
    group.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      close();
    });
    line.after(group);
    buttons[0].focus();
  }

  acts.export = (act) => {
    const save = async (form, suffix, kind) => {
      try {
        download(named(suffix), kind, await write(form, whole()));
        did(says.exported);
      } catch {
        say(says.not_exported, true);
      }
    };
    choose(act, says.export, [
      [says.export_markdown, () => save("markdown", "md", "text/markdown")],
      [says.export_html, () => save("html", "html", "text/html")],
    ]);
  };

  /* A mark is a gold question of `cimaise evaluate`: what was asked, and the notes that answer it. */
  const saidBy = (record) => record.sentences.map((sentence) => sentence.text).join(" ");
  const keyOf = (record) => `${record.question}\n${saidBy(record)}`;
  const marks = () => {
    const kept = load(MARKS, []);
    return Array.isArray(kept) ? kept.filter((mark) => mark && typeof mark.key === "string" && typeof mark.gold === "object") : [];
  };
  const markOf = (record) => marks().find((mark) => mark.vault === vault && mark.key === keyOf(record));

  function mark(place, useful, note) {
    const kept = records();
    const record = kept[place];
    const others = marks().filter((other) => other.vault !== vault || other.key !== keyOf(record));
    const again = markOf(record)?.gold.note === note;
    const history = kept.slice(0, place).filter(Boolean).flatMap((turn) => [
      { role: "user", content: turn.question }, { role: "assistant", content: saidBy(turn) }]);
    const notes = [...new Set(record.citations.map((citation) => citation.path))];
    const gold = { question: record.question, expected_notes: useful ? notes : [], note, filters: record.filters, history };
    const stored = store(MARKS, again ? others : [...others, { key: keyOf(record), vault, useful, gold }]);
    say(stored ? (again ? says.unmarked : says.marked) : says.not_kept, !stored, true);
    show();
  }

  acts.useful = (_, place) => mark(place, true, says.useful);
  acts.review = (act, place) => choose(act, says.why, says.reasons.map((reason) => [reason, () => mark(place, false, reason)]));

  function show() {
    const kept = records();
    for (const act of document.querySelectorAll('#chat a[href="#cim-useful"], #chat a[href="#cim-review"]')) {
      const record = kept[placeOf(act)];
      const mine = record ? markOf(record) : null;
      const on = mine ? mine.useful === act.href.endsWith("useful") : false;
      if (act.getAttribute("aria-pressed") !== String(on)) act.setAttribute("aria-pressed", String(on));
    }
    const own = marks().filter((each) => each.vault === vault);
    const number = own.length;
    if (Number(side.parts.marks.dataset.number ?? 0) === number) return;
    side.parts.marks.dataset.number = number;
    const lines = () => own.map((each) => `${JSON.stringify(each.gold)}\n`).join("");
    const erase = () => {
      store(MARKS, marks().filter((each) => each.vault !== vault));
      did(says.marks_erased);
      show();
    };
    side.parts.marks.replaceChildren(...(number ? [make("h2", { text: says.marks }),
      button(phrase(says.marks_download, { number }), () => download(named("jsonl"), "application/jsonl", lines())),
      button(says.marks_erase, erase)] : []));
  }

  let shown = "";
  scope.then((told) => {
    vault = told?.vault ?? "";
    show();
  });
  drawn.push(() => {
    for (const act of document.querySelectorAll('a[href="#cim-export"]:not([aria-expanded]), a[href="#cim-review"]:not([aria-expanded])')) act.setAttribute("aria-expanded", "false");
    const now = String(document.querySelectorAll("#chat .cim-record").length) + (byId("chat")?.textContent.length ?? 0);
    if (now !== shown || document.querySelector('a[href="#cim-useful"]:not([aria-pressed])')) show();
    shown = now;
  });
})();
