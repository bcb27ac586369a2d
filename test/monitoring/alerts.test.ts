import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parse, stringify } from "yaml";
import { EXAMPLE_PAGES, overlayWithAlertPages } from "../manifests/alert-pages.ts";
import { ROOT, render, select, WITHOUT_KUBECTL } from "../manifests/render.ts";
import { promtool, WITHOUT_PROMTOOL } from "./promtool.ts";

interface Alert {
  readonly alert: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly runbook_url?: string };
}

const { spec } = parse(readFileSync(`${ROOT}manifests/components/prometheus/rules.yaml`, "utf8")) as {
  spec: { groups: readonly { readonly rules: readonly Alert[] }[] };
};
const alerts = spec.groups.flatMap(({ rules }) => rules);
const pages = readFileSync(`${ROOT}docs/alerts.md`, "utf8");

t.test("each alert leads to its page, and each page is of an alert", async (t) => {
  const headings = [...pages.matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
  t.strictSame(
    headings,
    alerts.map(({ alert }) => alert),
  );
  for (const { alert, labels, annotations } of alerts) {
    t.equal(annotations.runbook_url, `https://attachguard.dev/docs/alerts#${alert.toLowerCase()}`);
    t.match(pages, `| [${alert}](#${alert.toLowerCase()}) | ${labels.severity} |`);
  }
});

t.test("with one setting each alert leads to its page", { skip: WITHOUT_KUBECTL ?? false }, async (t) => {
  const objects = render(overlayWithAlertPages(t));
  const rules = select<{ spec: typeof spec }>(objects, "PrometheusRule", "attachguard");
  const addresses = rules.spec.groups.flatMap((group) =>
    group.rules.map(({ alert, annotations }) => [alert, annotations.runbook_url]),
  );
  t.strictSame(
    addresses,
    alerts.map(({ alert }) => [alert, `${EXAMPLE_PAGES}#${alert.toLowerCase()}`]),
  );
  t.notMatch(JSON.stringify(objects), "attachguard-alert-pages", "the setting is not applied");
});

t.test("promtool takes the rules, and they fire when they should", { skip: WITHOUT_PROMTOOL }, async (t) => {
  const folder = t.testdir();
  writeFileSync(join(folder, "rules.yaml"), stringify(spec));
  cpSync(`${ROOT}test/fixtures/monitoring/alerts.test.yaml`, join(folder, "alerts.test.yaml"));
  for (const args of [
    ["check", "rules", "rules.yaml"],
    ["test", "rules", "alerts.test.yaml"],
  ]) {
    const { code, said } = promtool(args, { cwd: folder });
    t.equal(code, 0, `${args.join(" ")}: ${said}`);
  }
});
