/* A question from the field to the conversation: it stays in the field until it is taken, and a wait is said. */
(() => {
  "use strict";
  const { says, say, drawn, byId, field, fill, busy, context, stopEditing } = window.cimaise;
  const PATIENCE_MS = 1500;
  const toasts = () => document.querySelectorAll(".toast-message-text").length; // Gradio's way to refuse
  let sent = null; // {text, asked, toasts}: what was sent and is not taken yet, and what was on the page then
  let waiting = 0;

  /* How many questions the conversation has taken, as the status line tells; empty while it tells something else. */
  const asked = () => /cim-asked-(\d+)/.exec(byId("status")?.querySelector("[class*=cim-asked-]")?.className)?.[1] ?? "";

  function send() {
    if (busy() || !field()?.value.trim()) return;
    sent = { text: field().value, asked: asked(), toasts: toasts() };
    clearTimeout(waiting);
    waiting = setTimeout(() => { if (sent) say(says.wait, true); }, PATIENCE_MS);
  }

  /* Once taken it leaves the field, where what was typed meanwhile stays; once refused, which is said elsewhere, it stays. */
  function settle() {
    if (sent === null) return;
    const taken = asked() !== "" && asked() !== sent.asked;
    if (!taken && toasts() <= sent.toasts) return;
    if (taken && field()?.value === sent.text) fill("q", "");
    sent = null;
    clearTimeout(waiting);
    if (!taken) return;
    say("");
    if (context.place !== undefined) stopEditing(false); // the next one replaces nothing
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("#send")) send();
  }, true);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target === field()) send();
  }, true);
  drawn.push(settle);
})();
