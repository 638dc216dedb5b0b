/* A question from the field to the conversation: it stays in the field until it is taken, and a wait is said. */
(() => {
  "use strict";
  const { says, say, drawn, field, fill, turns, busy } = window.cimaise;
  const PATIENCE_MS = 1500;
  let sent = null; // {text, turns}: what was sent and is not taken yet
  let waiting = 0;

  function send() {
    if (busy() || !field()?.value.trim()) return;
    sent = { text: field().value, turns: turns().length };
    clearTimeout(waiting);
    waiting = setTimeout(() => { if (sent) say(says.wait, true); }, PATIENCE_MS);
  }

  /* What was typed meanwhile is another question: it stays. */
  function taken() {
    if (sent === null || !(busy() || turns().length > sent.turns)) return;
    if (field()?.value === sent.text) fill("q", "");
    sent = null;
    clearTimeout(waiting);
    say("");
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("#send")) send();
  }, true);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target === field()) send();
  }, true);
  drawn.push(taken);
})();
