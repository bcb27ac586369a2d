import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

// The version stands in package.json. Every other place is listed here: `node release/version.ts VERSION` writes it
// everywhere, and a test compares them.

const ROOT = new URL("../", import.meta.url);

const VERSION = String.raw`\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?`;

/** Files that name the version, and around what; `@` stands for it. Text in front of it is matched as it is. */
export const PLACES: Readonly<Record<string, readonly string[]>> = {
  "package.json": ['^  "version": "@"'],
  "package-lock.json": ['^  "version": "@"', '"name": "attachguard",\n      "version": "@"'],
  "charts/attachguard/Chart.yaml": ["^version: @", "^appVersion: @"],
  "manifests/base/kustomization.yaml": ["app.kubernetes.io/version: @", "newTag: @"],
  Dockerfile: ["ARG VERSION=@"],
  "README.md": ["attachguard:@", "kubectl-attachguard-@(?=\\.tar)"],
  "manifests/README.md": ["attachguard:@"],
  ".github/workflows/ci.yml": ["attachguard:@"],
  "templates/check.yml": ['version:\n      default: "@"'],
  "docs/ci.md": ["attachguard\\W@", "/check\\W@", "rev: v@"],
  "examples/pepr/package.json": ['"attachguard": "@"'],
  "examples/portal/package.json": ['"attachguard": "@"'],
  "examples/unit-test/package.json": ['"attachguard": "@"'],
  "test/e2e/packed.sh": ["attachguard-@(?=\\.tgz)"],
  "test/golden/check-deny.json": ['"toolVersion": "@"'],
};

/** What stands at each place, in order. */
export function versionsIn(file: string, text: string): readonly string[] {
  return patternsOf(file).flatMap((pattern) =>
    [...text.matchAll(pattern)].map(([, , version = ""]) => version),
  );
}

/** The text with another version at each place. */
export function withVersion(file: string, text: string, version: string): string {
  return patternsOf(file).reduce((changed, pattern) => changed.replaceAll(pattern, `$1${version}`), text);
}

function patternsOf(file: string): readonly RegExp[] {
  return (PLACES[file] ?? []).map((place) => {
    const [before = "", after = ""] = place.split("@");
    return new RegExp(`(${before})(${VERSION})${after.replace('"', '(?=")')}`, "gm");
  });
}

/** The section of the changelog about a version, without its heading; undefined where there is none. */
export function notesOf(changelog: string, version: string): string | undefined {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => text.split("\n", 1)[0]?.split(" ")[0] === version);
  return section?.slice(section.indexOf("\n")).trim();
}

/** @returns what speaks against releasing this version from this tree; empty: nothing does. */
export function objections(version: string): readonly string[] {
  if (!new RegExp(`^${VERSION}$`).test(version))
    return [`'${version}' is no version; expected for example 1.2.3`];
  const wrong = Object.keys(PLACES).flatMap((file) => {
    const found = versionsIn(file, read(file));
    if (found.length === 0) return [`${file} names no version`];
    return found.filter((its) => its !== version).map((its) => `${file} says ${its}, not ${version}`);
  });
  const notes = notesOf(read("CHANGELOG.md"), version);
  return notes === undefined || notes === ""
    ? [...wrong, `CHANGELOG.md has no section ## ${version}`]
    : wrong;
}

function read(file: string): string {
  return readFileSync(new URL(file, ROOT), "utf8");
}

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { check: { type: "boolean" }, notes: { type: "boolean" } },
  });
  const [version = ""] = positionals;
  if (values.notes) {
    process.stdout.write(`${notesOf(read("CHANGELOG.md"), version) ?? ""}\n`);
    return;
  }
  if (!values.check) {
    for (const file of Object.keys(PLACES))
      writeFileSync(new URL(file, ROOT), withVersion(file, read(file), version));
  }
  for (const objection of objections(version)) {
    process.stderr.write(`${objection}\n`);
    process.exitCode = 1;
  }
}

if (import.meta.main) main();
