// Bundles src/ and the packages it uses into dist/, and writes the licences of
// those packages beside it. Run by make web.
import { build } from "esbuild";
import { readFile, readdir, rm, writeFile } from "node:fs/promises";

const dist = new URL("dist/", import.meta.url).pathname;

for (const old of await readdir(dist)) {
  if (old !== ".keep") await rm(dist + old);
}

const { metafile } = await build({
  absWorkingDir: new URL(".", import.meta.url).pathname,
  entryPoints: ["src/htmx.js", "src/chart.js", "src/chart.css"],
  outdir: "dist",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none", // they stand in LICENSES.txt
  metafile: true,
});

const packages = new Set();
for (const input of Object.keys(metafile.inputs)) {
  const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
  if (found) packages.add(found[1]);
}

let notices = "homing's panel contains these packages.\n";
for (const name of [...packages].sort()) {
  const folder = new URL(`node_modules/${name}/`, import.meta.url);
  const { version, license } = JSON.parse(await readFile(new URL("package.json", folder)));
  const file = (await readdir(folder)).find((f) => /^licen[cs]e/i.test(f));
  if (!file) throw new Error(`${name} brings no licence`);
  const text = await readFile(new URL(file, folder), "utf8");
  notices += `\n${"-".repeat(72)}\n${name} ${version} (${license})\n\n${text.trim()}\n`;
}
await writeFile(dist + "LICENSES.txt", notices);
