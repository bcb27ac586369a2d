/** References between files: the nearest of a name counts, and lists are the inverse of references. */
import t from "tap";
import { parseBundle } from "../../../src/cluster/files.ts";
import type { Workload } from "../../../src/policy/model.ts";
import type { ClusterView } from "../../../src/policy/view.ts";

type Files = Readonly<Record<string, string>>;

const meta = (name: string, namespace?: string): string =>
  `metadata: { name: ${name}${namespace === undefined ? "" : `, namespace: ${namespace}`} }`;

const app = (name: string, namespace?: string, claim = "data"): string => `---
apiVersion: apps/v1
kind: Deployment
${meta(name, namespace)}
spec:
  template:
    metadata: { labels: { app: ${name}, tier: all } }
    spec:
      containers: [{ name: main, volumeMounts: [{ name: d, mountPath: /d }] }]
      volumes: [{ name: d, persistentVolumeClaim: { claimName: ${claim} } }]
`;

const claim = (name = "data", namespace?: string, spec = "accessModes: [ReadWriteOnce]"): string => `---
apiVersion: v1
kind: PersistentVolumeClaim
${meta(name, namespace)}
spec: { ${spec} }
`;

const scaler = (target: string, namespace?: string): string => `---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
${meta(`of-${target}`, namespace)}
spec: { scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: ${target} }, maxReplicas: 5 }
`;

const storageClass = (name: string, provisioner: string, isDefault = false): string => `---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: ${name}, annotations: { storageclass.kubernetes.io/is-default-class: "${isDefault}" } }
provisioner: ${provisioner}
`;

const volume = (name: string, spec: string): string => `---
apiVersion: v1
kind: PersistentVolume
metadata: { name: ${name} }
spec: { accessModes: [ReadWriteOnce], ${spec} }
`;

function read(files: Files) {
  const bundle = parseBundle(Object.entries(files).map(([path, text]) => ({ file: `/r/${path}`, text })));
  const workloadIn = (path: string): Workload => {
    const found = bundle.workloads.find(({ source }) => source?.file === `/r/${path}`);
    if (found === undefined) throw new Error(`no workload in ${path}`);
    return found;
  };
  return { bundle, workloadIn, viewFrom: (path: string): ClusterView => bundle.viewFor(workloadIn(path)) };
}

const short = (file: string | undefined): string => (file ?? "").replace("/r/", "");

/** Where the claim that a workload names is found, or why it is not. */
function claimOf(files: Files, from: string, namespace = ""): string {
  const { viewFrom } = read(files);
  const found = viewFrom(from).claim(namespace, "data");
  if (found.state === "known") return `${short(found.value.source?.file)}:${found.value.source?.line}`;
  return found.state === "unknown" ? found.reason : found.state;
}

t.test("a claim is the nearest of its name", async (t) => {
  const rows: readonly {
    why: string;
    files: Files;
    from?: string;
    namespace?: string;
    found: string | RegExp;
  }[] = [
    {
      why: "the same file first",
      files: { "a/app.yaml": app("a") + claim(), "a/b.yaml": claim("data", "x") },
      found: "a/app.yaml:12",
    },
    {
      why: "then the same folder",
      files: { "a/app.yaml": app("a"), "a/pvc.yaml": claim(), "a/b/pvc.yaml": claim(), "pvc.yaml": claim() },
      found: "a/pvc.yaml:2",
    },
    {
      why: "then below it",
      files: { "a/app.yaml": app("a"), "a/b/pvc.yaml": claim(), "pvc.yaml": claim() },
      found: "a/b/pvc.yaml:2",
    },
    {
      why: "then fewest steps up",
      files: { "x/a/app.yaml": app("a"), "x/pvc.yaml": claim(), "pvc.yaml": claim() },
      from: "x/a/app.yaml",
      found: "x/pvc.yaml:2",
    },
    {
      why: "a claim in storage/ for an app in apps/web/",
      files: { "apps/web/app.yaml": app("a"), "storage/pvc.yaml": claim() },
      from: "apps/web/app.yaml",
      found: "storage/pvc.yaml:2",
    },
    {
      why: "a folder beside it before one further up",
      files: { "x/a/app.yaml": app("a"), "x/b/pvc.yaml": claim(), "c/pvc.yaml": claim() },
      from: "x/a/app.yaml",
      found: "x/b/pvc.yaml:2",
    },
    {
      why: "fewest folders down",
      files: { "a/app.yaml": app("a"), "b/pvc.yaml": claim(), "c/d/pvc.yaml": claim() },
      found: "b/pvc.yaml:2",
    },
    {
      why: "two that are equally near",
      files: { "a/app.yaml": app("a"), "b/pvc.yaml": claim(), "c/pvc.yaml": claim() },
      found:
        /^PersistentVolumeClaim data is at \/r\/b\/pvc\.yaml:2:1 and at \/r\/c\/pvc\.yaml:2:1, and neither is nearer$/,
    },
    {
      why: "two in one folder, of two namespaces",
      files: { "a/app.yaml": app("a"), "a/b.yaml": claim("data", "x"), "a/c.yaml": claim("data", "z") },
      found: /neither is nearer/,
    },
    {
      why: "of those, `default` is where an object without a namespace goes",
      files: { "a/app.yaml": app("a"), "a/b.yaml": claim("data", "x"), "a/c.yaml": claim("data", "default") },
      found: "a/c.yaml:2",
    },
    {
      why: "an exact namespace first at one distance",
      files: { "a/app.yaml": app("a", "shop"), "b/pvc.yaml": claim(), "c/d/pvc.yaml": claim("data", "shop") },
      namespace: "shop",
      found: "c/d/pvc.yaml:2",
    },
    {
      why: "but the nearer one without a namespace before it",
      files: { "a/app.yaml": app("a", "shop"), "a/pvc.yaml": claim(), "pvc.yaml": claim("data", "shop") },
      namespace: "shop",
      found: "a/pvc.yaml:2",
    },
    {
      why: "never one of another namespace",
      files: {
        "a/app.yaml": app("a", "shop"),
        "a/pvc.yaml": claim("data", "prod"),
        "x/y/pvc.yaml": claim("data", "shop"),
      },
      namespace: "shop",
      found: "x/y/pvc.yaml:2",
    },
    {
      why: "none",
      files: { "a/app.yaml": app("a", "shop"), "a/pvc.yaml": claim("data", "prod") },
      namespace: "shop",
      found: "absent",
    },
  ];
  for (const { why, files, from = "a/app.yaml", namespace, found } of rows) {
    const answer = claimOf(files, from, namespace);
    if (typeof found === "string") t.equal(answer, found, why);
    else t.match(answer, found, why);
  }
});

t.test("whatever the order of the files", async (t) => {
  const files = Object.entries({
    "a/app.yaml": app("a"),
    "b/pvc.yaml": claim(),
    "c/d/pvc.yaml": claim(),
    "e/f/g.yaml": claim(),
  });
  for (let shift = 0; shift < files.length; shift += 1) {
    const rotated = Object.fromEntries([...files.slice(shift), ...files.slice(0, shift)]);
    t.equal(claimOf(rotated, "a/app.yaml"), "b/pvc.yaml:2");
  }
});

t.test("lists are the inverse: rivals, autoscalers and neighbours", async (t) => {
  const names = (found: ReturnType<ClusterView["workloadsMounting"]>): readonly string[] =>
    found.state === "known" ? found.value.map(({ source }) => short(source?.file)) : [found.state];
  const twins = {
    "a/app.yaml": app("web"),
    "a/pvc.yaml": claim(),
    "b/app.yaml": app("web"),
    "b/pvc.yaml": claim(),
  };
  t.same(
    names(read(twins).viewFrom("a/app.yaml").workloadsMounting("", "data")),
    ["a/app.yaml"],
    "twins are no rivals",
  );
  const shared = { "a/app.yaml": app("web"), "b/app.yaml": app("job"), "pvc.yaml": claim() };
  t.same(
    names(read(shared).viewFrom("a/app.yaml").workloadsMounting("", "data")).toSorted(),
    ["a/app.yaml", "b/app.yaml"],
    "one claim above both",
  );
  const oneNamespace = {
    "apps/web/app.yaml": app("web", "shop"),
    "jobs/app.yaml": app("job", "shop"),
    "storage/pvc.yaml": claim("data", "shop"),
  };
  t.equal(
    names(read(oneNamespace).viewFrom("jobs/app.yaml").workloadsMounting("shop", "data")).length,
    2,
    "one namespace across folders",
  );
  const selector = { matchLabels: { tier: "all" }, matchExpressions: [] };
  t.same(
    names(read(twins).viewFrom("a/app.yaml").workloadsMatching({ selector, namespaces: "all" })),
    ["a/app.yaml"],
    "nor neighbours",
  );
  t.equal(
    names(read(shared).viewFrom("a/app.yaml").workloadsMatching({ selector, namespaces: "all" })).length,
    2,
  );
});

t.test("an autoscaler counts for the workload that it leads to", async (t) => {
  const scalersOf = (files: Files, from: string): string => {
    const { viewFrom, workloadIn } = read(files);
    const found = viewFrom(from).autoscalersOf(workloadIn(from));
    return found.state === "known"
      ? found.value.map(({ source }) => short(source?.file)).join()
      : found.state === "unknown"
        ? found.reason
        : found.state;
  };
  const twins = { "a/app.yaml": app("web"), "b/app.yaml": app("web") };
  t.equal(scalersOf({ ...twins, "a/hpa.yaml": scaler("web") }, "a/app.yaml"), "a/hpa.yaml");
  t.equal(scalersOf({ ...twins, "a/hpa.yaml": scaler("web") }, "b/app.yaml"), "", "not for its twin");
  t.match(
    scalersOf({ ...twins, "c/hpa.yaml": scaler("web") }, "b/app.yaml"),
    /of-web means one of two: Deployment web is at/,
  );
  t.equal(
    scalersOf({ "a/app.yaml": app("web", "shop"), "c/hpa.yaml": scaler("web", "shop") }, "a/app.yaml"),
    "c/hpa.yaml",
  );
});

t.test("classes and volumes are the nearest too, and those that say the same are one", async (t) => {
  const provisionerOf = (files: Files, from: string, name?: string): string => {
    const view = read(files).viewFrom(from);
    const found = name === undefined ? view.defaultStorageClass() : view.storageClass(name);
    return found.state === "known"
      ? found.value.provisioner
      : found.state === "unknown"
        ? found.reason
        : found.state;
  };
  const base = { "a/app.yaml": app("a") };
  t.equal(
    provisionerOf(
      { ...base, "a/c.yaml": storageClass("fast", "x"), "c.yaml": storageClass("fast", "z") },
      "a/app.yaml",
      "fast",
    ),
    "x",
  );
  t.equal(
    provisionerOf(
      { ...base, "b/c.yaml": storageClass("fast", "x"), "c/c.yaml": storageClass("fast", "x") },
      "a/app.yaml",
      "fast",
    ),
    "x",
  );
  t.match(
    provisionerOf(
      { ...base, "b/c.yaml": storageClass("fast", "x"), "c/c.yaml": storageClass("fast", "z") },
      "a/app.yaml",
      "fast",
    ),
    /neither is nearer/,
  );
  t.equal(
    provisionerOf(
      { ...base, "b/c.yaml": storageClass("s", "x", true), "a/c.yaml": storageClass("t", "z", true) },
      "a/app.yaml",
    ),
    "z",
  );
  t.match(
    provisionerOf(
      { ...base, "b/c.yaml": storageClass("s", "x", true), "c/c.yaml": storageClass("t", "z", true) },
      "a/app.yaml",
    ),
    /neither is nearer/,
  );
  t.equal(provisionerOf(base, "a/app.yaml"), "no default StorageClass is among the files");
  const volumeOf = (files: Files, from: string): string => {
    const view = read(files).viewFrom(from);
    const found = view.claim("", "data");
    const bound = found.state === "known" ? view.volumeOf(found.value) : found;
    return bound.state === "known" ? bound.value.name : bound.state;
  };
  const byHand = claim("data", undefined, 'accessModes: [ReadWriteOnce], storageClassName: ""');
  t.equal(
    volumeOf(
      {
        "a/app.yaml": app("a") + byHand,
        "a/pv.yaml": volume("z", "nfs: {}"),
        "b/pv.yaml": volume("a", "nfs: {}"),
      },
      "a/app.yaml",
    ),
    "z",
    "a static volume beside the claim",
  );
  const claimed = "claimRef: { name: data }";
  const twins = {
    "a/app.yaml": app("w") + claim(),
    "b/app.yaml": app("w") + claim(),
    "a/pv.yaml": volume("va", claimed),
    "b/pv.yaml": volume("vb", claimed),
  };
  t.equal(volumeOf(twins, "a/app.yaml"), "va");
  t.equal(volumeOf(twins, "b/app.yaml"), "vb");
});

t.test("two objects of one name are two in two folders, and a duplicate in one", async (t) => {
  const { bundle } = read({
    "a/x.yaml": app("web", "shop"),
    "b/x.yaml": app("web", "shop"),
    "b/y.yaml": app("web", "shop"),
  });
  t.equal(bundle.workloads.length, 2);
  t.match(bundle.errors, [
    { file: "/r/b/y.yaml", fatal: false, message: /already defined at \/r\/b\/x\.yaml/ },
  ]);
  t.equal(bundle.errors.length, 1);
});

t.test("a thousand twins are looked up in no more than linear time", async (t) => {
  const timeOf = (count: number): number => {
    const files: Record<string, string> = {};
    for (let at = 0; at < count; at += 1) files[`f${at}/x.yaml`] = app("web") + claim() + scaler("web");
    const { bundle } = read(files);
    const start = performance.now();
    for (const workload of bundle.workloads) {
      const view = bundle.viewFor(workload);
      const found = view.claim("", "data");
      if (found.state === "known") view.volumeOf(found.value);
      view.autoscalersOf(workload);
      view.workloadsMounting("", "data");
    }
    return performance.now() - start;
  };
  timeOf(200);
  const ratio = timeOf(2000) / Math.max(timeOf(500), 20);
  t.ok(ratio < 25, `four times the twins took ${ratio.toFixed(1)} times as long`);
});
