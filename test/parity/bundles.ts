/**
 * A bundle on which three ways of reading the same objects could easily disagree. None of them leaves open which
 * namespace an object is meant for when there are two to choose from: a request always says it.
 */
export interface TrickyBundle {
  readonly why: string;
  /** By file name; the order of the names is the order in which a folder is read. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** Where the server answers a CREATE otherwise than files are judged. */
  readonly serverSays?: "deny";
}

interface Manifest {
  readonly name?: string;
  /** Left out of the metadata where it is `""`. */
  readonly namespace?: string;
  readonly apiVersion?: string;
  readonly kind?: string;
  /** Lines of the workload's spec, beside its template. */
  readonly spec?: string;
  readonly pod?: string;
  readonly metadata?: string;
}

const inNamespace = (namespace: string): string => (namespace === "" ? "" : `, namespace: ${namespace}`);

function workload(of: Manifest = {}): string {
  const { name = "web", namespace = "shop", apiVersion = "apps/v1", kind = "Deployment" } = of;
  return `apiVersion: ${apiVersion}
kind: ${kind}
metadata: {name: ${name}${inNamespace(namespace)}${of.metadata ?? ""}}
spec:
  ${of.spec ?? "replicas: 1"}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      ${of.pod ?? "restartPolicy: Always"}
      containers: [{name: main, image: example.com/app, volumeMounts: [{name: data, mountPath: /data}]}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
`;
}

function claim({ namespace = "shop", spec = "storageClassName: fast" }: Manifest = {}): string {
  return `apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data${inNamespace(namespace)}}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, ${spec}}
`;
}

function volume(name: string, spec: string): string {
  return `apiVersion: v1
kind: PersistentVolume
metadata: {name: ${name}}
spec: {capacity: {storage: 1Gi}, ${spec}}
`;
}

function autoscaler({ apiVersion = "autoscaling/v2", namespace = "shop" }: Manifest = {}): string {
  return `apiVersion: ${apiVersion}
kind: HorizontalPodAutoscaler
metadata: {name: web${inNamespace(namespace)}}
spec: {minReplicas: 1, maxReplicas: 4, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
`;
}

const CLASS = `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
provisioner: ebs.csi.aws.com
`;

const NODE = (name: string): string => `apiVersion: v1
kind: Node
metadata: {name: ${name}, labels: {kubernetes.io/hostname: ${name}}}
`;

const NAMESPACE = (mode: string): string => `apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {attachguard.dev/mode: "${mode}"}}
`;

const SAME_NODE = `affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}]}}`;

const SELF_APART = SAME_NODE.replace("podAffinity", "podAntiAffinity");

const together = (...documents: readonly string[]): TrickyBundle["files"] => ({
  "all.yaml": documents.join("---\n"),
});

const USUAL = [workload(), claim(), CLASS] as const;

function utf16(text: string): Uint8Array {
  return Buffer.from(`\uFEFF${text}`, "utf16le");
}

export const TRICKY_BUNDLES: readonly TrickyBundle[] = [
  {
    why: "the workload in the first file, what it needs in later ones",
    files: { "a.yaml": workload(), "b.yaml": claim(), "c.yaml": CLASS, "d.yaml": autoscaler() },
  },
  {
    why: "the workload in the last file",
    files: { "a.yaml": autoscaler(), "b.yaml": CLASS, "c.yaml": claim(), "d.yaml": workload() },
  },
  {
    why: "no object has a namespace",
    files: together(workload({ namespace: "" }), claim({ namespace: "" }), CLASS),
  },
  {
    why: "only the claim has no namespace",
    files: together(workload(), claim({ namespace: "" }), CLASS),
  },
  {
    why: "only the workload has no namespace",
    files: together(workload({ namespace: "" }), claim({ namespace: "default" }), CLASS),
  },
  {
    why: "an autoscaler without a namespace",
    files: together(workload(), claim(), CLASS, autoscaler({ namespace: "" })),
  },
  {
    why: "a workload defined twice, safe first",
    files: together(workload({ spec: "strategy: {type: Recreate}" }), ...USUAL),
  },
  {
    why: "a workload defined twice, safe last",
    files: together(...USUAL, workload({ spec: "replicas: 0" })),
  },
  {
    why: "a duplicate key: the last one counts",
    files: together(workload({ spec: "replicas: 1\n  replicas: 3" }), claim(), CLASS),
  },
  {
    why: "a list",
    files: {
      "all.json": JSON.stringify({
        apiVersion: "v1",
        kind: "List",
        items: [
          {
            apiVersion: "v1",
            kind: "PersistentVolumeClaim",
            metadata: { name: "data", namespace: "shop" },
            spec: { accessModes: ["ReadWriteOnce"] },
          },
        ],
      }),
      "web.yaml": workload(),
    },
  },
  { why: "a byte order mark", files: { "all.yaml": `\uFEFF${USUAL.join("---\n")}` } },
  { why: "UTF-16", files: { "all.yaml": utf16(USUAL.join("---\n")) } },
  { why: "CRLF", files: { "all.yaml": USUAL.join("---\n").replaceAll("\n", "\r\n") } },
  {
    why: "anchors and merge keys",
    files: together(
      workload({ spec: "strategy: &how {type: Recreate}\n  minReadySeconds: 5" }),
      workload({ name: "api", spec: "strategy: {<<: {type: Recreate}}" }),
      claim(),
      CLASS,
    ),
  },
  {
    why: "maxSurge abc",
    files: together(workload({ spec: "strategy: {rollingUpdate: {maxSurge: abc}}" }), claim(), CLASS),
  },
  {
    why: "a strategy that is a word",
    files: together(workload({ spec: "strategy: Recreate" }), claim(), CLASS),
  },
  {
    why: "maxSurge 0 with maxUnavailable 1",
    files: together(
      workload({ spec: "strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}" }),
      claim(),
      CLASS,
    ),
  },
  { why: "replicas -1", files: together(workload({ spec: "replicas: -1" }), claim(), CLASS) },
  { why: "replicas 1e9", files: together(workload({ spec: "replicas: 1e9" }), claim(), CLASS) },
  { why: "replicas in quotes", files: together(workload({ spec: 'replicas: "3"' }), claim(), CLASS) },
  { why: "replicas null", files: together(workload({ spec: "replicas: null" }), claim(), CLASS) },
  { why: "replicas 1.5", files: together(workload({ spec: "replicas: 1.5" }), claim(), CLASS) },
  {
    why: "replicas 0, autoscaled",
    files: together(workload({ spec: "replicas: 0" }), claim(), CLASS, autoscaler()),
    serverSays: "deny",
  },
  { why: "replicas 0", files: together(workload({ spec: "replicas: 0" }), claim(), CLASS) },
  {
    why: "a template without a spec",
    files: together(
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {template: {}}\n",
      claim(),
    ),
  },
  {
    why: "a template without containers: a patch",
    files: together(
      workload().replace(/containers: .*/, "terminationGracePeriodSeconds: 30"),
      claim(),
      CLASS,
    ),
  },
  {
    why: "a claim that no container mounts",
    files: together(workload().replace(/, volumeMounts: \[.*?\]/, ""), claim(), CLASS),
  },
  {
    why: "an apiVersion that is gone",
    files: together(workload({ apiVersion: "apps/v1beta1" }), claim(), CLASS),
  },
  ...["autoscaling/v1", "autoscaling/v2beta2"].map((apiVersion) => ({
    why: `an autoscaler of ${apiVersion}`,
    files: together(...USUAL, autoscaler({ apiVersion })),
  })),
  {
    why: "a StatefulSet with a shared claim",
    files: together(workload({ kind: "StatefulSet", spec: "replicas: 2" }), claim(), CLASS),
  },
  { why: "no claim at all", files: together(workload()) },
  { why: "no class", files: together(workload(), claim()) },
  {
    why: "bound by volumeName to a volume with more modes than the claim",
    files: together(
      workload({ spec: "replicas: 3" }),
      claim({ spec: "volumeName: disk" }),
      volume("disk", "accessModes: [ReadWriteOnce, ReadWriteMany], nfs: {server: a, path: /}"),
    ),
  },
  {
    why: "bound by claimRef to a volume without an attach step",
    files: together(
      workload({ spec: "replicas: 3" }),
      claim(),
      volume(
        "share",
        "accessModes: [ReadWriteOnce], nfs: {server: a, path: /}, claimRef: {namespace: shop, name: data}",
      ),
    ),
  },
  {
    why: "static matching by a class that no file defines",
    files: together(
      workload({ spec: "replicas: 3" }),
      claim({ spec: "storageClassName: manual" }),
      volume("share", "accessModes: [ReadWriteMany], storageClassName: manual, nfs: {server: a, path: /}"),
      volume("disk", "accessModes: [ReadWriteOnce], storageClassName: manual, nfs: {server: a, path: /}"),
    ),
  },
  {
    why: "ReadWriteOncePod kept on one node",
    files: together(
      workload({ pod: SAME_NODE }),
      claim().replace("ReadWriteOnce", "ReadWriteOncePod"),
      CLASS,
    ),
  },
  {
    why: "kept on one node",
    files: together(workload({ pod: SAME_NODE, spec: "replicas: 3" }), claim(), CLASS),
  },
  { why: "kept apart", files: together(workload({ pod: SELF_APART, spec: "replicas: 3" }), claim(), CLASS) },
  { why: "one node in all", files: together(workload({ spec: "replicas: 3" }), claim(), CLASS, NODE("a")) },
  {
    why: "two nodes and a selector for one",
    files: together(
      workload({ spec: "replicas: 3", pod: "nodeSelector: {kubernetes.io/hostname: a}" }),
      claim(),
      CLASS,
      NODE("a"),
      NODE("b"),
    ),
  },
  {
    why: "no node that fits",
    files: together(workload({ pod: "nodeSelector: {disk: none}" }), claim(), CLASS, NODE("a")),
  },
  {
    why: "two workloads on one claim",
    files: together(
      workload({ spec: "strategy: {type: Recreate}" }),
      workload({ name: "api", spec: "strategy: {type: Recreate}" }),
      claim(),
      CLASS,
    ),
  },
  {
    why: "two workloads on one claim, one of them without a namespace",
    files: together(
      workload({ namespace: "default", spec: "strategy: {type: Recreate}" }),
      workload({ namespace: "", name: "api", spec: "strategy: {type: Recreate}" }),
      claim({ namespace: "" }),
      CLASS,
    ),
  },
  ...["warn", "audit", "off", "enforce", "bogus"].map((mode) => ({
    why: `a namespace in mode ${mode}`,
    files: together(NAMESPACE(mode), ...USUAL),
  })),
  {
    why: "ignored with a reason",
    files: together(
      workload({
        metadata:
          ', annotations: {attachguard.dev/ignore: rwo-rolling-update, attachguard.dev/reason: "a test"}',
      }),
      claim(),
      CLASS,
    ),
  },
  {
    why: "ignored without a reason",
    files: together(
      workload({ metadata: ", annotations: {attachguard.dev/ignore: rwo-rolling-update}" }),
      claim(),
      CLASS,
    ),
  },
  {
    why: "a namespace that is not judged",
    files: together(workload({ namespace: "kube-system" }), claim({ namespace: "kube-system" }), CLASS),
  },
  {
    why: "a ReadWriteMany claim that its driver refuses",
    files: together(workload(), claim().replace("ReadWriteOnce", "ReadWriteMany"), CLASS),
  },
  {
    why: "a broken document among good ones",
    files: together(workload(), "a: [1\n", claim(), CLASS),
  },
];
