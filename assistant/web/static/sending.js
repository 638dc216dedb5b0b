/* A question from the field to the conversation: it stays in the field until it is taken, and a wait is said. */
(() => {
  "use strict";
  const { says, say, drawn, field, fill, turns, busy } = window.cimaise;
  const PATIENCE_MS = 1500;
  const toasts = () => document.querySelectorAll(".toast-message-text").length; // Gradio's way to refuse
  let sent = null; // {text, turns, toasts}: what was sent and is not taken yet, and what was on the page then
  let waiting = 0;

  function send() {
    if (busy() || !field()?.value.trim()) return;
    sent = { text: field().value, turns: turns().length, toasts: toasts() };
    clearTimeout(waiting);
    waiting = setTimeout(() => { if (sent) say(says.wait, true); }, PATIENCE_MS);
  }

  /* Once taken it leaves the field, where what was typed meanwhile stays; once refused, which is said elsewhere, it stays. */
  function settle() {
    if (sent === null) return;
    const taken = busy() || turns().length > sent.turns;
    if (!taken && toasts() <= sent.toasts) return;
    if (taken && field()?.value === sent.text) fill("q", "");
    sent = null;
    clearTimeout(waiting);
    if (taken) say("");
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("#send")) send();
  }, true);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target === field()) send();
  }, true);
  drawn.push(settle);
})();
