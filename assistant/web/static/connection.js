/* The server may go and come back: what is typed outlives it, and the conversation is opened again.
   Gradio's session ends with the server: the page is loaded anew, and what this browser keeps is shown. */
(() => {
  "use strict";
  const { says, say, drawn, field, fill, turns, busy, restored } = window.cimaise;
  const DRAFT = "cimaise.draft"; // both of this tab
  const AWAY = "cimaise.away";
  const EVERY = 2000; // milliseconds between two tries
  const FORGETS = 50 * 60_000; // milliseconds: a session outlives its stream by an hour
  let leaving = false;
  let trying = false;
  let ended = 0; // when the stream ended, in milliseconds

  /* Gradio's sign of life is a stream that ends with the server, or with the network. */
  const fetched = window.fetch;
  window.fetch = async (target, options) => {
    const response = await fetched(target, options);
    if (!String(target.url ?? target).includes("/heartbeat/") || !response.body) return response;
    const [own, gradios] = response.body.tee();
    own.pipeTo(new WritableStream()).catch(() => null).then(lost);
    return new Response(gradios, response);
  };

  async function serving() {
    const response = await fetched("/gradio_api/app_id").catch(() => null);
    return response?.ok ? (await response.json()).app_id : null;
  }

  /* A stream cut by a proxy is no loss: the server still answers, and knows this page. */
  async function lost() {
    ended = Date.now();
    if (leaving || trying) return;
    trying = true;
    let server = await serving();
    if (server === null && !leaving) away();
    while (server === null) {
      await new Promise((resolve) => setTimeout(resolve, EVERY));
      server = await serving();
    }
    trying = false;
    if (server !== window.gradio_config?.app_id) location.reload();
    else back();
  }

  function away() {
    sessionStorage.setItem(AWAY, "");
    say(says.lost, true);
  }

  function back() {
    if (sessionStorage.getItem(AWAY) === null) return;
    sessionStorage.removeItem(AWAY);
    say(says.back_again, true);
  }

  /* A question on its way has no answer kept: it goes back into the field. */
  addEventListener("pagehide", () => {
    leaving = true;
    const unanswered = busy() ? turns().at(-1)?.querySelector(".cim-q")?.textContent : "";
    sessionStorage.setItem(DRAFT, field()?.value || unanswered || "");
  });
  addEventListener("beforeunload", () => { leaving = true; }); // Gradio then ends its stream itself
  addEventListener("pageshow", () => { leaving = false; });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && ended && Date.now() - ended > FORGETS) location.reload();
  });

  let begun = false;
  drawn.push(() => {
    if (begun || !field() || !restored()) return;
    begun = true;
    const draft = sessionStorage.getItem(DRAFT);
    if (draft && !field().value) fill("q", draft);
    back();
  });
  Object.assign(window.cimaise, { away });
})();
