import t from "tap";
import { FACT_KINDS, KINDS } from "../../src/kube/kinds.ts";
import { type Manifest, type RuleManifest, render, WITHOUT_KUBECTL, webhooksOf } from "./render.ts";

const skip = WITHOUT_KUBECTL ?? false;

/** Where the manifests for the kinds of one API are. */
const PLACES = {
  kubernetes: "manifests/base",
  "argo-rollouts": "manifests/overlays/argo-rollouts",
  keda: "manifests/overlays/keda",
  openshift: "manifests/overlays/openshift",
} as const;

const served = (by: keyof typeof PLACES) =>
  FACT_KINDS.map((kind) => KINDS[kind]).filter(
    ({ servedBy }) => servedBy === "kubernetes" || servedBy === by,
  );

function readable(manifests: readonly Manifest[]): readonly string[] {
  return manifests
    .filter(({ kind, metadata }) => kind === "ClusterRole" && metadata.name.startsWith("attachguard:read-"))
    .flatMap(({ rules }) => rules as readonly RuleManifest[])
    .flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) => resources.map((resource) => `${group}/${resource}: ${verbs.join(", ")}`)),
    )
    .sort();
}

function registered(manifests: readonly Manifest[]): readonly string[] {
  return [...webhooksOf(manifests).values()]
    .flatMap(({ rules }) => rules)
    .flatMap(({ apiGroups, resources, operations }) =>
      apiGroups.flatMap((group) =>
        resources.map((resource) => `${group}/${resource}: ${operations.join(", ")}`),
      ),
    )
    .sort();
}

for (const [by, path] of Object.entries(PLACES)) {
  const kinds = served(by as keyof typeof PLACES);

  t.test(`${path}: the servers may read the kinds that they watch and no other`, { skip }, async (t) => {
    t.strictSame(
      readable(render(path)),
      kinds
        .filter(({ watched }) => watched)
        .map(({ group, plural }) => `${group}/${plural}: get, list, watch`)
        .sort(),
    );
  });

  t.test(
    `${path}: the API server asks about the requests that are judged and no others`,
    { skip },
    async (t) => {
      t.strictSame(
        registered(render(path)),
        kinds
          .flatMap(({ group, plural, admitted, scaled }) => [
            ...(admitted.length === 0 ? [] : [`${group}/${plural}: ${admitted.join(", ")}`]),
            ...(scaled ? [`${group}/${plural}/scale: UPDATE`] : []),
          ])
          .sort(),
      );
    },
  );
}

t.test(
  "an entry of a component differs from those of the base in its rules and conditions only",
  { skip },
  async (t) => {
    const [first] = webhooksOf(render(PLACES.kubernetes)).values();
    for (const path of Object.values(PLACES)) {
      for (const [name, webhook] of webhooksOf(render(path))) {
        const { rules: _rules, matchConditions, ...rest } = webhook;
        t.match(rest, { ...first, name, rules: undefined, matchConditions: undefined }, `${path} ${name}`);
        t.equal(matchConditions[0]?.name, "not-terminating", `${path} ${name}`);
      }
    }
  },
);

t.test(
  "a paused ScaledObject is looked at, and a Deployment without pods that may lend its template",
  { skip },
  async (t) => {
    const conditions = (path: string, name: string) =>
      webhooksOf(render(path))
        .get(name)
        ?.matchConditions.map((condition) => condition.name);
    t.strictSame(conditions(PLACES.keda, "scaledobjects.attachguard.dev"), [
      "not-terminating",
      "may-scale-beyond-one",
    ]);
    t.strictSame(conditions(PLACES["argo-rollouts"], "volumes.attachguard.dev"), [
      "not-terminating",
      "spec-changes",
      "has-pods-or-another-template",
      "has-attachable-volumes",
    ]);
  },
);
