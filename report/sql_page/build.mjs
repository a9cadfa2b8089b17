// Builds dist/ from src/ and node_modules/: the page's script, the engine packed for <script>, and everyone's notices.
//
// A page opened from disk may neither fetch nor start a worker from a file, but may load scripts. So the engine, which is
// one WebAssembly file and one worker, becomes a script that holds both, compressed, as text. It is the same from a server.

import { build } from "esbuild";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { notices } from "./notices.mjs";

const ENGINE = "node_modules/@duckdb/duckdb-wasm/dist";
// The variant that needs WebAssembly exceptions, which every browser has had since 2022: smaller and faster than "mvp".
const PARTS = { wasm: "duckdb-eh.wasm", worker: "duckdb-browser-eh.worker.js" };

const packed = (file) => gzipSync(readFileSync(`${ENGINE}/${file}`), { level: 9 }).toString("base64");

rmSync("dist", { recursive: true, force: true });
mkdirSync("dist");
const bundle = await build({
  entryPoints: ["src/page.js"],
  outfile: "dist/sql.js",
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  legalComments: "none", // all notices stand, whole, in NOTICES.txt
  metafile: true,
});
const parts = Object.fromEntries(Object.entries(PARTS).map(([name, file]) => [name, packed(file)]));
writeFileSync("dist/engine.js", `globalThis.flyttepanelEngine=${JSON.stringify(parts)};\n`);
writeFileSync("dist/NOTICES.txt", notices(Object.keys(bundle.metafile.inputs)));
