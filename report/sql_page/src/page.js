// The SQL page: editor, examples, result, download, and what there is to query.
//
// All text stands in the page itself (report/words/sql.yml), in its language.

import { connect } from "./engine.js";
import { ROW_LIMIT, showGrid } from "./grid.js";
import { csv, readResult } from "./result.js";
import { showSchema } from "./schema.js";

const part = (name) => document.getElementById(`sql-${name}`);
const page = part("page");
const words = JSON.parse(part("words").textContent);
const [editor, run, download, status, error, grid] = ["editor", "run", "download", "status", "error", "grid"].map(part);

const counted = new Intl.NumberFormat(document.documentElement.lang === "nb" ? "nb-NO" : "en-GB");
const said = (key, values = {}) =>
  Object.entries(values).reduce((text, [name, value]) => text.replace(`{${name}}`, counted.format(value)), words[key]);

let connection;
let result;

/** What is selected in the editor, or else all of it. */
function query() {
  const selected = editor.value.slice(editor.selectionStart, editor.selectionEnd);
  return selected.trim() || editor.value;
}

/** What went wrong, in the engine's words, but for its advice on extensions, which are not to be had without a network. */
function readable(failure) {
  const [message, advice] = failure.message.split(/\n\nPlease try installing/);
  return advice ? `${message}\n\n${said("no_extensions")}` : message;
}

function showError(message) {
  error.textContent = message;
  error.hidden = false;
  part("result").hidden = true;
  download.disabled = true;
  status.textContent = "";
}

function showResult(seconds) {
  const rows = result.rows.length;
  error.hidden = true;
  showGrid(grid, result);
  part("result").hidden = false;
  download.disabled = false;
  status.textContent = said(rows > ROW_LIMIT ? "rows_limited" : rows === 1 ? "row" : "rows", {
    rows,
    limit: ROW_LIMIT,
    milliseconds: Math.round(seconds * 1000),
  });
}

async function execute() {
  if (!connection || run.disabled) return;
  run.disabled = true;
  status.textContent = said("running");
  const start = performance.now();
  // A link to this page with this query in it: nothing leaves the browser, the part behind # is never sent.
  history.replaceState(null, "", `#${new URLSearchParams({ query: editor.value })}`);
  try {
    result = readResult(await connection.query(query()));
    showResult((performance.now() - start) / 1000);
  } catch (failure) {
    showError(readable(failure));
  } finally {
    run.disabled = false;
  }
}

function choose(text) {
  editor.value = text;
  editor.setSelectionRange(0, 0);
  return execute();
}

function save() {
  const address = URL.createObjectURL(new Blob([csv(result)], { type: "text/csv" }));
  const link = Object.assign(document.createElement("a"), { href: address, download: "flyttepanel.csv" });
  link.click();
  URL.revokeObjectURL(address);
}

function listen() {
  run.addEventListener("click", execute);
  download.addEventListener("click", save);
  // Tab goes on to the next control, as everywhere: a text field that keeps it traps those who use no mouse.
  editor.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      execute();
    }
  });
  for (const button of document.querySelectorAll("[data-query]")) {
    button.addEventListener("click", () => choose(button.dataset.query));
  }
}

async function start() {
  const linked = new URLSearchParams(location.hash.slice(1)).get("query");
  if (linked) editor.value = linked;
  listen();
  status.textContent = said("starting");
  const begin = performance.now();
  try {
    connection = await connect(page.dataset.assets);
  } catch (failure) {
    showError(`${said("failed")}\n${failure.message}`);
    return;
  }
  await showSchema(part("schema"), connection, choose, said("show_table"));
  run.disabled = false;
  await execute();
  page.dataset.ready = String(Math.round(performance.now() - begin));
}

start();
