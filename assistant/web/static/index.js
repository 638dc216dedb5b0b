/* The « Index » view, alone on its page or within the chat's: reading the notes anew, choosing them and the model.
   It says what the server says, and holds no French. */
(() => {
  "use strict";
  const EVERY_MS = 700;
  const byId = (id) => document.getElementById(id);
  const view = () => byId("cim-index");
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));

  async function told(path, body) {
    const options = body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    try {
      const response = await fetch(path, options);
      return (response.headers.get("content-type") ?? "").includes("json") ? await response.json() : { error: await response.text() };
    } catch {
      return { error: byId("cim-index-status")?.dataset.lost ?? "" };
    }
  }

  const put = (node, text) => {
    if (node && node.textContent !== text) node.textContent = text;
  };

  /* The reading under way, then the view anew, the focus where it was. */
  let following = false;
  let mark = null; // of what is shown; empty where it is to be shown anew
  async function follow() {
    if (following) return;
    following = true;
    while (view()) {
      const state = await told("/index/state");
      mark ??= state.mark;
      show(state);
      if (state.running) mark = "";
      else if (!state.error && state.mark !== mark) {
        mark = state.mark;
        await refresh(state);
      }
      await wait(state.running ? EVERY_MS : 3 * EVERY_MS);
    }
    following = false;
    mark = null;
  }

  function show(state) {
    const bar = byId("cim-index-bar");
    if (!bar) return;
    if (state.error) return put(byId("cim-index-status"), state.error);
    bar.hidden = !state.running;
    if (state.total && state.done) Object.assign(bar, { max: state.total, value: state.done });
    else bar.removeAttribute("value");
    if (state.running) {
      byId("cim-index-status").classList.remove("cim-sr");
      put(byId("cim-index-status"), state.line);
    }
    for (const button of view().querySelectorAll('[data-act="run"], [data-act="rebuild"]')) button.toggleAttribute("aria-disabled", state.running);
  }

  async function refresh(state) {
    const response = await fetch("/index?fragment=1").catch(() => null);
    const old = view();
    if (!response?.ok || !old) return;
    const parsed = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("cim-index");
    const forms = old.querySelector(".cim-index-local");
    const act = document.activeElement?.dataset?.act;
    const fresh = parsed.querySelector(".cim-index-local");
    if (forms && fresh) fresh.replaceWith(forms); // what is being typed stays
    const status = old.querySelector("#cim-index-status");
    parsed.querySelector("#cim-index-status").replaceWith(status); // a live region speaks only where it was
    old.replaceChildren(...parsed.childNodes);
    status.classList.toggle("cim-sr", state.failed); // the notice shows it
    put(status, state.line);
    if (act) view().querySelector(`[data-act="${CSS.escape(act)}"]`)?.focus();
  }

  async function run(force) {
    if (view().querySelector('[data-act="run"]').hasAttribute("aria-disabled")) return;
    const { error } = await told("/index/run", { force });
    if (error) return put(byId("cim-index-status"), error);
    mark = "";
    show({ running: true, line: byId("cim-index-status").textContent });
  }

  function sure(open) {
    const asked = byId("cim-index-sure");
    asked.hidden = !open;
    const opener = view().querySelector('[data-act="force"]');
    opener.setAttribute("aria-expanded", String(open));
    (open ? asked.querySelector("button") : opener).focus();
  }

  /* Folders: a list under the field, one step down at each choice. */
  let typed = 0;
  async function list(value) {
    const box = byId("cim-index-folders");
    const turn = ++typed;
    const found = await told(`/index/folders?q=${encodeURIComponent(value)}`);
    if (turn !== typed || !box.isConnected || !found.folders) return;
    const above = found.above === null ? [] : [folder(found.above, box.dataset.up, "")];
    const here = found.here ? [Object.assign(document.createElement("p"), { textContent: found.here })] : [];
    box.replaceChildren(...here, ...above, ...found.folders.map(({ path, held }) => folder(path, path, held)));
    box.hidden = !box.childElementCount;
  }

  function folder(path, name, held) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "cim-index-folder" });
    button.dataset.path = path;
    for (const text of [name, held]) button.append(Object.assign(document.createElement("span"), { textContent: text }));
    return button;
  }

  function descend(path) {
    const field = byId("cim-index-vault").elements.vault;
    field.value = path.endsWith("/") || path.endsWith("\\") ? path : `${path}${path.includes("\\") ? "\\" : "/"}`;
    field.focus();
    list(field.value);
  }

  /* A form: what it says is said under it. */
  async function send(form, path, body, waiting = "") {
    const line = form.querySelector(".cim-index-said");
    put(line, waiting);
    const { said, error } = await told(path, body);
    put(line, error ?? said);
    return !error;
  }

  async function chooseVault(form) {
    const done = await send(form, "/index/vault", { vault: form.elements.vault.value });
    if (!done) return;
    byId("cim-index-folders").hidden = true;
    mark = "";
    if (byId("cim-shell")) location.assign("/index"); // the conversations and the scope are another vault's
  }

  const model = (form) => ({ model: form.elements.model.value, base_url: form.elements.base_url.value, key: form.elements.key.value });
  async function chooseModel(form, body) {
    const done = await send(form, "/index/model", body);
    form.elements.key.value = "";
    if (done) mark = "";
  }

  const acts = {
    run: () => run(false),
    rebuild: () => run(true),
    force: () => sure(true),
    cancel: () => sure(false),
    try: (button) => send(button.form, "/index/try", model(button.form), button.dataset.wait),
    extracts: (button) => chooseModel(button.form, { extracts: true }),
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("#cim-index button");
    if (button?.dataset.path) descend(button.dataset.path);
    else acts[button?.dataset.act]?.(button);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.closest("#cim-index")) return;
    event.preventDefault();
    if (form.id === "cim-index-vault") chooseVault(form);
    else chooseModel(form, { ...model(form), keep_key: form.elements.keep_key.checked });
  });
  for (const name of ["input", "focusin"]) {
    document.addEventListener(name, (event) => {
      if (event.target.name === "vault" && event.target.closest("#cim-index")) list(event.target.value);
    });
  }

  if (view()) follow();
  else window.cimaise?.drawn.push(() => view() && follow());
})();
