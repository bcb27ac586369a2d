import { symlinkSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { type Closure, closureOf } from "../../../../src/cluster/files/render/closure.ts";
import { DISK_TREE } from "../../../../src/cluster/files/render/disk-tree.ts";
import { memoryTree } from "../../../support/memory-tree.ts";

const CHART = "apiVersion: v2\nname: web\nversion: 1.0.0\n";

function closure(
  chart: string,
  others: Readonly<Record<string, string>> = {},
  tree = "/t",
): Promise<Closure> {
  return closureOf(memoryTree({ "/t/web/Chart.yaml": chart, ...others }), {
    kind: "chart",
    root: "/t/web",
    tree,
  });
}

const codes = ({ problems }: Closure): string[] => problems.map(({ code }) => code);

t.test("every file of the folder, and only of it", async (t) => {
  const found = await closure(CHART, {
    "/t/web/templates/a.yaml": "{{",
    "/t/web/charts/x/Chart.yaml": "name: x",
    "/t/web/.git/config": "",
    "/t/web/node_modules/x/y": "",
    "/t/other": "",
  });
  t.same(found.problems, []);
  t.same(
    found.files.map(({ path }) => path),
    ["/t/web/Chart.yaml", "/t/web/charts/x/Chart.yaml", "/t/web/templates/a.yaml"],
  );
});

t.test("dependencies must be vendored, conditions or not, as Helm asks", async (t) => {
  const depends = `${CHART}dependencies:\n- { name: db, version: 1.x, repository: "https://example.com", condition: db.enabled }\n`;
  t.match((await closure(depends)).problems, [
    {
      code: "dependencies",
      reason: "web depends on db, which is not in its charts/",
      remedy: /helm dependency build/,
    },
  ]);
  t.match(
    (await closure(depends, {}, "/t/web")).problems,
    [{ reason: "it depends on db, which is not in its charts/" }],
    "a chart that is named by itself",
  );
  for (const [what, others, expected] of [
    ["a folder", { "/t/web/charts/any/Chart.yaml": "name: db" }, []],
    ["an archive", { "/t/web/charts/db-1.2.3.tgz": "" }, []],
    ["an archive of another chart", { "/t/web/charts/db-tools-1.2.3.tgz": "" }, ["dependencies"]],
    ["a folder of another chart", { "/t/web/charts/db/Chart.yaml": "name: x" }, ["dependencies"]],
  ] as const) {
    t.same(codes(await closure(depends, others)), expected, what);
  }
  const old = { "/t/web/requirements.yaml": "dependencies: [{ name: db }]" };
  t.same(codes(await closure(CHART, old)), ["dependencies"], "requirements.yaml");
});

t.test("library charts, and what is no chart", async (t) => {
  const library = await closure(`${CHART}type: library\n`);
  t.notOk(library.standalone);
  t.same(codes(library), ["library"]);
  for (const text of ["a: [", "", "- a", "a: 1\n---\nb: 2"])
    t.same(codes(await closure(text)), ["unreadable"], text);
});

t.test("Helm follows links, so a link out of the tree rules the chart out", async (t) => {
  const folder = t.testdir({
    secret: "s",
    outside: {},
    tree: { shared: { "a.yaml": "a" }, web: { "Chart.yaml": CHART, templates: {} } },
  });
  const tree = join(folder, "tree");
  const web = join(tree, "web");
  const ask = (): Promise<Closure> => closureOf(DISK_TREE, { kind: "chart", root: web, tree });
  symlinkSync("../../shared", join(web, "templates", "shared"));
  const found = await ask();
  t.same(found.problems, []);
  t.ok(
    found.files.some(
      ({ path, real }) =>
        path === join(web, "templates", "shared", "a.yaml") && real === join(tree, "shared", "a.yaml"),
    ),
  );
  symlinkSync(join(folder, "secret"), join(web, "values.yaml"));
  t.same(codes(await ask()), ["outside"]);
  symlinkSync(join(folder, "outside"), join(web, "charts"));
  symlinkSync("nowhere", join(web, "dangling"));
  symlinkSync("..", join(web, "templates", "loop"));
  t.same(codes(await ask()).toSorted(), ["outside", "outside", "unreadable", "unreadable"]);
});
