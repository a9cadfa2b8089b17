// DuckDB, started from the scripts beside the page, with the release's database attached read-only.
//
// Belongs here: loading and opening. Does not belong here: anything one sees.

import { AsyncDuckDB, VoidLogger } from "@duckdb/duckdb-wasm";

// An address must be given; the worker has the module itself.
const MODULE = "data:application/wasm,";
const FILE = "results.duckdb";
// As `flyttepanel sql` has it: the catalog must not be called `results`, or `results.<table>` is ambiguous. After this no
// other file or address can be read, and no extension is looked for on the network.
const OPENING = `
  set autoinstall_known_extensions = false;
  set autoload_known_extensions = false;
  attach '${FILE}' as release (read_only);
  use release;
  set enable_external_access = false;
  set lock_configuration = true;
`;

/** Runs a script beside the page, and gives what it leaves in the global `name`, which is then free to be collected. */
function loadGlobal(source, name) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = source;
    script.onload = () => {
      const value = globalThis[name];
      delete globalThis[name];
      script.remove();
      resolve(value);
    };
    script.onerror = () => reject(new Error(source));
    document.head.append(script);
  });
}

/** A stream of the bytes in a gzipped base64 text. Must stand on its own: the worker gets its source. */
function unpack(packed) {
  const letters = atob(packed);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at += 1) bytes[at] = letters.charCodeAt(at); // Uint8Array.from takes ten times as long
  return new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
}

/**
 * The engine's worker, which carries its WebAssembly with it: on a page opened from disk it could fetch nothing, not even
 * what the page hands it. What it is asked to fetch is therefore always that module, and nothing else can be fetched.
 */
async function startWorker({ wasm, worker }) {
  const code = await new Response(unpack(worker)).blob();
  const module = `new Response((${unpack})("${wasm}"), { headers: { "content-type": "application/wasm" } })`;
  const address = URL.createObjectURL(new Blob([`globalThis.fetch = async () => ${module};\n`, code]));
  return new Worker(address);
}

/**
 * Starts the engine on the database.
 * @param {string} assets folder of engine.js and database.js, relative to the page
 * @returns {Promise<import("@duckdb/duckdb-wasm").AsyncDuckDBConnection>}
 */
export async function connect(assets) {
  const [engine, database] = await Promise.all([
    loadGlobal(`${assets}/engine.js`, "flyttepanelEngine"),
    loadGlobal(`${assets}/database.js`, "flyttepanelDatabase"),
  ]);
  const file = await new Response(unpack(database)).arrayBuffer();
  const db = new AsyncDuckDB(new VoidLogger(), await startWorker(engine));
  await db.instantiate(MODULE);
  await db.open({ query: { castDecimalToDouble: true } });
  await db.registerFileBuffer(FILE, new Uint8Array(file));
  const connection = await db.connect();
  await connection.query(OPENING);
  return connection;
}
