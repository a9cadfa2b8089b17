// The licence notices of the packages that went into the bundle, as their licences ask for.

import { readdirSync, readFileSync } from "node:fs";

// Not in the npm package itself: those of the engine and of what its WebAssembly is built from.
const ENGINE_NOTICE = "notices/duckdb-wasm.txt";

const packageOf = (path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];

function noticeOf(name) {
  const folder = `node_modules/${name}`;
  const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice)/i.test(file));
  const own = files.map((file) => readFileSync(`${folder}/${file}`, "utf8"));
  const texts = name === "@duckdb/duckdb-wasm" ? [readFileSync(ENGINE_NOTICE, "utf8")] : own;
  if (texts.length === 0) throw new Error(`${name}: the package carries no licence text`);
  return `${name} ${version} (${license})\n\n${texts.join("\n").trim()}\n`;
}

/** The notices of all packages among the bundle's inputs, by name. */
export function notices(inputs) {
  const names = [...new Set(inputs.map(packageOf).filter(Boolean))].sort();
  return names.map(noticeOf).join(`\n${"=".repeat(80)}\n\n`);
}
