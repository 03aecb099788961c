// A second reading of protocol/spec.md: does it agree with every test vector?
//
//     node tests/conformance/verify.mjs [FILE ...]
//
// Written from the specification, with nothing of the Python code. Prints a table; ends with 1 when
// a single case is seen otherwise. `--json` prints the ids of those cases, by file, instead.

import { readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CASES } from "./cases.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const VECTORS = join(HERE, "..", "..", "protocol", "vectors");

const given = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const isJson = process.argv.includes("--json");
const files = given.length > 0 ? given : readdirSync(VECTORS).filter((n) => n.endsWith(".json")).sort().map((n) => join(VECTORS, n));

let failures = 0;
const seenOtherwise = {};
for (const file of files) {
  const name = basename(file, ".json");
  const document = JSON.parse(readFileSync(file, "utf8"));
  const check = CASES[name];
  if (!check) {
    if (!isJson) console.log(`${name.padEnd(12)} nobody checks this file`);
    failures += 1;
    continue;
  }
  const wrong = [];
  for (const item of document.cases) {
    try {
      check(item, document);
    } catch (error) {
      (seenOtherwise[name] ??= []).push(item.id);
      wrong.push(`  ${item.id} (${item.comment}): ${error.message.split("\n")[0]}`);
    }
  }
  failures += wrong.length;
  if (isJson) continue;
  console.log(`${name.padEnd(12)} ${String(document.cases.length).padStart(4)} cases, ${wrong.length} seen otherwise`);
  for (const line of wrong.slice(0, 20)) console.log(line);
}
if (isJson) console.log(JSON.stringify(seenOtherwise));
process.exit(failures === 0 ? 0 : 1);
