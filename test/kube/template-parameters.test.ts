import t from "tap";
import { parseBundle } from "../../src/cluster/files.ts";
import { withParameters } from "../../src/kube/template-parameters.ts";
import { claim, deployment } from "../support/objects.ts";

const PARAMETERS = [
  { name: "NAME", value: "web" },
  { name: "COUNT", value: "3" },
  { name: "MODE", value: "ReadWriteOnce" },
  { name: "PASSWORD", generate: "expression" },
  { name: "EMPTY", value: "" },
];

t.test("fills in the values that a Template has for its parameters, as oc process does", async (t) => {
  const rows: readonly (readonly [written: unknown, expected: unknown, why: string])[] = [
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: OpenShift's parameters
    ["${NAME}-data", "web-data", "within a text"],
    ["${NAME}-${NAME}", "web-web", "twice"],
    ["${{COUNT}}", 3, "a number"],
    ["${{NAME}}", "web", "what is no JSON is text"],
    ["n-${{COUNT}}", "n-${{COUNT}}", "two braces only alone"],
    ["${COUNT}", "3", "one brace is text"],
    ["${PASSWORD}", "${PASSWORD}", "no value: as it is written"],
    ["${OTHER}", "${OTHER}", "no parameter"],
    ["x${EMPTY}y", "xy", "an empty value"],
    [{ "${NAME}": ["${{COUNT}}", null, 1] }, { web: [3, null, 1] }, "keys and lists"],
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: OpenShift's parameters
  ];
  for (const [written, expected, why] of rows) {
    t.strictSame(withParameters({ parameters: PARAMETERS }, [written]), [expected], why);
  }
  const same = [{}];
  t.equal(withParameters({}, same), same, "without parameters nothing is copied");
});

t.test("an alias is filled in once, and may hold itself", async (t) => {
  let shared: unknown = "x";
  for (let level = 0; level < 60; level += 1) shared = [shared, shared];
  const loop: Record<string, unknown> = {};
  loop.again = loop;
  const began = performance.now();
  const [, copy] = withParameters({ parameters: PARAMETERS }, [shared, loop]) as [unknown, typeof loop];
  t.ok(performance.now() - began < 200);
  t.equal(copy.again, copy);
});

t.test("a Template is judged with its values", async (t) => {
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: OpenShift's parameters
  const template = {
    apiVersion: "template.openshift.io/v1",
    kind: "Template",
    metadata: { name: "t" },
    parameters: PARAMETERS,
    objects: [
      deployment({ name: "${NAME}", claims: ["${NAME}-data"], workload: { replicas: "${{COUNT}}" } }),
      claim({ name: "${NAME}-data", modes: ["${MODE}"] }),
    ],
  };
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: OpenShift's parameters
  const { workloads, claims, errors } = parseBundle([{ file: "t.json", text: JSON.stringify(template) }]);
  t.strictSame(errors, []);
  t.match(workloads, [
    { name: "web", pods: { replicas: 3 }, template: { mounts: [{ claimName: "web-data" }] } },
  ]);
  t.match(claims, [{ name: "web-data", accessModes: ["ReadWriteOnce"] }]);
});
