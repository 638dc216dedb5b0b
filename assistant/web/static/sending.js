/* A question from the field to the conversation: it stays in the field until it is taken, and a wait is said. */
(() => {
  "use strict";
  const { says, say, drawn, byId, field, fill, busy, context, stopEditing } = window.cimaise;
  const PATIENCE_MS = 1500;
  let sent = null; // {text, asked}: what was sent and is not taken yet
  let waiting = 0;

  /* How many questions the conversation has taken, as the status line tells; empty while it tells something else. */
  const asked = () => /cim-asked-(\d+)/.exec(byId("status")?.querySelector("[class*=cim-asked-]")?.className)?.[1] ?? "";

  function send() {
    if (busy() || !field()?.value.trim()) return;
    sent = { text: field().value, asked: asked() };
    clearTimeout(waiting);
    waiting = setTimeout(() => { if (sent) say(says.wait, true); }, PATIENCE_MS);
  }

  /* What was typed meanwhile is another question: it stays. The next one replaces nothing. */
  function taken() {
    if (sent === null || !asked() || asked() === sent.asked) return;
    if (field()?.value === sent.text) fill("q", "");
    sent = null;
    clearTimeout(waiting);
    say("");
    if (context.place !== undefined) stopEditing(false);
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("#send")) send();
  }, true);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target === field()) send();
  }, true);
  drawn.push(taken);
})();
