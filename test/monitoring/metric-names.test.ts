import { readFileSync } from "node:fs";
import t from "tap";
import { parse } from "yaml";
import { createMetrics } from "../../src/metrics.ts";
import { ROOT } from "../manifests/render.ts";

// Every metric of ours that a dashboard, an alert or a page names is there, with the labels that they use.

const read = (path: string) => readFileSync(`${ROOT}${path}`, "utf8");

/** Names of series with their labels; a histogram has three. */
async function series(): Promise<ReadonlyMap<string, readonly string[]>> {
  const metrics = createMetrics({ process: false, namespaceLabel: true });
  metrics.watchCluster(() => []);
  metrics.watchLoad({ inFlight: () => 0, bodyBytes: () => 0 });
  const known = new Map<string, readonly string[]>();
  for (const { name, type } of await metrics.registry.getMetricsAsJSON()) {
    const metric = metrics.registry.getSingleMetric(name) as unknown as { labelNames: readonly string[] };
    known.set(name, metric.labelNames);
    if (String(type) === "histogram") {
      known.set(`${name}_bucket`, [...metric.labelNames, "le"]);
      for (const end of ["_sum", "_count"]) known.set(`${name}${end}`, metric.labelNames);
    }
  }
  return known;
}

/** Labels that Prometheus adds when it scrapes. */
const SCRAPED = ["pod", "instance", "service", "namespace", "job"];

/** Each of our metrics in an expression, with the labels that it is selected or grouped by. */
function uses(expr: string): readonly { readonly metric: string; readonly labels: readonly string[] }[] {
  const grouped = [...expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = ""]) =>
    list.split(",").map((label) => label.trim()),
  );
  return [...expr.matchAll(/\b(attachguard_\w+)(?:\{([^}]*)\})?/g)].map(([, metric = "", selector = ""]) => ({
    metric,
    labels: [...grouped, ...[...selector.matchAll(/(\w+)\s*[=!]/g)].map(([, label = ""]) => label)],
  }));
}

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly id: number;
  readonly datasource?: object;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly {
    readonly expr: string;
    readonly legendFormat: string;
    readonly datasource: object;
  }[];
}

const dashboard = JSON.parse(read("manifests/components/grafana/attachguard.json")) as {
  readonly uid: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
};
const rules = parse(read("manifests/components/prometheus/rules.yaml")).spec.groups.flatMap(
  ({ rules }: { rules: readonly { alert: string; expr: string }[] }) => rules,
) as readonly { readonly alert: string; readonly expr: string }[];

t.test("dashboard and alerts ask only for what there is", async (t) => {
  const known = await series();
  const asked = [
    ...dashboard.panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => [title, expr] as const),
    ),
    ...rules.map(({ alert, expr }) => [alert, expr] as const),
  ];
  for (const [where, expr] of asked) {
    for (const { metric, labels } of uses(expr)) {
      const own = known.get(metric);
      t.ok(own !== undefined, `${where}: ${metric}`);
      for (const label of labels) {
        t.ok([...(own ?? []), ...SCRAPED].includes(label), `${where}: ${metric} by ${label}`);
      }
    }
  }
  t.strictSame(uses('sum by (rule) (attachguard_x{a="1",b!="2"})'), [
    { metric: "attachguard_x", labels: ["rule", "a", "b"] },
  ]);
});

t.test("what every server counts of the whole cluster is never added up", async (t) => {
  const exprs = [...dashboard.panels.flatMap(({ targets = [] }) => targets), ...rules].map(
    ({ expr }) => expr,
  );
  const counted = exprs.filter((expr) => /attachguard_(workloads|latent_findings)\b/.test(expr));
  t.ok(counted.length >= 5);
  for (const expr of counted) {
    for (const { index } of expr.matchAll(/attachguard_(?:workloads|latent_findings)\b/g)) {
      t.match(expr.slice(0, index), /max(?: by \(\w+\) )?\($/, expr);
    }
  }
});

t.test("pages name only what there is, with labels that it has", async (t) => {
  const known = await series();
  const metricNames = /`(attachguard_[a-z_]+)(?:\{([a-z_,]+)\})?/g;
  for (const page of [
    "docs/operations.md",
    "docs/alerts.md",
    "docs/audit-in-cluster.md",
    "docs/performance.md",
    "README.md",
  ]) {
    for (const [, name = "", labels = ""] of read(page).matchAll(metricNames)) {
      t.ok(known.has(name), `${page}: ${name}`);
      for (const label of labels.split(",").filter((each) => each !== "")) {
        t.ok(known.get(name)?.includes(label), `${page}: ${name} by ${label}`);
      }
    }
  }
});

t.test("the dashboard works on any server: data source by variable, panels beside each other", async (t) => {
  t.match(dashboard.uid, /^[a-z0-9-]{8,40}$/);
  t.strictSame(
    dashboard.templating.list.map(({ name, type }) => [name, type]),
    [["datasource", "datasource"]],
  );
  const { panels } = dashboard;
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const taken = new Set<string>();
  for (const { title, type, datasource, targets = [], gridPos } of panels) {
    t.ok(gridPos.x + gridPos.w <= 24, title);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        t.notOk(taken.has(`${x} ${y}`), `${title}: nothing else stands there`);
        taken.add(`${x} ${y}`);
      }
    }
    if (type === "row") continue;
    t.ok(targets.length > 0, title);
    for (const source of [datasource, ...targets.map(({ datasource }) => datasource)]) {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's own variable
      t.strictSame(source, { type: "prometheus", uid: "${datasource}" }, title);
    }
    for (const { expr, legendFormat } of targets) {
      for (const [, label = ""] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
        t.ok(expr.includes(label) || SCRAPED.includes(label), `${title}: ${label}`);
      }
    }
  }
});
