import { join } from "node:path";
import type { ClosureBuilder } from "./closure-builder.ts";
import { isMapping, strictDocuments } from "./go-json.ts";

/** What is read of Chart.yaml, and of the requirements.yaml of older charts. */
interface ChartDescription {
  readonly name?: unknown;
  readonly type?: unknown;
  readonly dependencies?: unknown;
}

/** Folders that no template needs and that can be larger than everything else. */
const LEFT_OUT: ReadonlySet<string> = new Set([".git", "node_modules"]);

/**
 * Collects every file of a chart's folder. Helm follows symbolic links there (internal/sympath/walk.go), so a file
 * counts as what it leads to. Only the dependencies of the chart itself must be vendored; Helm requires no more.
 */
export async function chartClosure(builder: ClosureBuilder, root: string): Promise<void> {
  await walk(builder, root, root, [root], root);
  const chart = await description(builder, root, "Chart.yaml");
  if (chart === undefined) return;
  const itself = root === builder.tree ? "it" : builder.name(root);
  if (chart.type === "library") {
    builder.standalone = false;
    builder.problem("library", `${itself} is a library chart`);
  }
  const requirements = await description(builder, root, "requirements.yaml", true);
  const vendored = await vendoredCharts(builder, root);
  for (const holder of [chart, requirements]) {
    const dependencies = holder?.dependencies ?? [];
    for (const dependency of Array.isArray(dependencies) ? dependencies : []) {
      const { name } = (dependency ?? {}) as { readonly name?: unknown };
      if (typeof name === "string" && vendored(name)) continue;
      builder.problem("dependencies", `${itself} depends on ${String(name)}, which is not in its charts/`);
    }
  }
}

async function walk(
  builder: ClosureBuilder,
  folder: string,
  real: string,
  ancestors: readonly string[],
  root: string,
): Promise<void> {
  for (const name of [...(await builder.files.readdir(real))].sort()) {
    if (builder.full) return;
    if (LEFT_OUT.has(name)) continue;
    const path = join(folder, name);
    const target = await builder.resolve(join(real, name));
    if (target === undefined || target === "outside") {
      const where = target === undefined ? "nowhere" : "out of the tree";
      builder.problem(
        target === undefined ? "unreadable" : "outside",
        `${builder.name(path)} is a symbolic link that leads ${where}`,
      );
      continue;
    }
    const found = await builder.files.stat(target);
    if (found?.kind === "folder") {
      if (ancestors.includes(target)) {
        builder.problem("unreadable", `${builder.name(path)} is a symbolic link that leads back to itself`);
      } else await walk(builder, path, target, [...ancestors, target], root);
    } else if (found?.kind === "file") builder.add({ path, real: target, role: "chart", root }, found.size);
    else builder.problem("unreadable", `${builder.name(path)} is neither a file nor a folder`);
  }
}

/** The one mapping in a file of the chart; else `undefined`, and a problem unless it may be missing. */
async function description(
  builder: ClosureBuilder,
  root: string,
  name: string,
  optional = false,
): Promise<ChartDescription | undefined> {
  const path = join(root, name);
  const real = await builder.resolve(path);
  // A link that leads out of the tree has been named by the walk.
  if (real === "outside" || (real === undefined && optional)) return undefined;
  const stat = real === undefined ? undefined : await builder.files.stat(real);
  if (real === undefined || stat?.kind !== "file" || builder.full) {
    builder.problem("unreadable", `${builder.name(root)} holds no ${name} that can be read`);
    return undefined;
  }
  const parsed = strictDocuments(await builder.files.readFile(real));
  const [content, second] = "problem" in parsed ? [] : parsed.documents;
  if ("problem" in parsed || second !== undefined || !isMapping(content)) {
    const what = "problem" in parsed ? parsed.problem : "is not one YAML mapping";
    builder.problem("unreadable", `${builder.name(path)} ${what}`);
    return undefined;
  }
  return content;
}

/** Whether `charts/` holds a chart: a folder with its Chart.yaml, or an archive with the name that Helm gives it. */
async function vendoredCharts(builder: ClosureBuilder, root: string): Promise<(name: string) => boolean> {
  const folder = join(root, "charts");
  const names = new Set<string>();
  const archives: string[] = [];
  const real = await builder.resolve(folder);
  if (real !== undefined && real !== "outside" && (await builder.files.stat(real))?.kind === "folder") {
    for (const entry of await builder.files.readdir(real)) {
      if (entry.endsWith(".tgz")) archives.push(entry);
      else if ((await builder.resolve(join(folder, entry, "Chart.yaml"))) !== undefined) {
        names.add(String((await description(builder, join(folder, entry), "Chart.yaml"))?.name));
      }
    }
  }
  return (name) =>
    names.has(name) ||
    archives.some(
      (archive) => archive.startsWith(`${name}-`) && /^v?\d/.test(archive.slice(name.length + 1)),
    );
}
