import t from "tap";
import { parseBundle } from "../../src/cluster/files.ts";
import { unjudgedFrom } from "../../src/kube/unjudged.ts";
import { deployment, file, scaledJob, template } from "../support/objects.ts";

type Raw = Readonly<Record<string, unknown>>;

const object = (apiVersion: string, kind: string, rest: Raw, metadata: Raw = {}): Raw => ({
  apiVersion,
  kind,
  metadata: { namespace: "shop", name: "web", ...metadata },
  ...rest,
});
const cloneSet = object("apps.kruise.io/v1alpha1", "CloneSet", {
  spec: { replicas: 2, template: template() },
});

t.test("names what mounts a claim, by its shape", async (t) => {
  const rows: readonly (readonly [object: unknown, found: boolean, why: string])[] = [
    [cloneSet, true, "a template where a Deployment has it"],
    [
      object("serving.knative.dev/v1", "Service", { spec: { template: template() } }),
      true,
      "Knative's Service",
    ],
    [object("v1", "PodTemplate", { template: template() }), true, "a template at the top"],
    [
      object("example.com/v1", "Pipeline", {
        spec: { steps: [{ job: { spec: { template: template() } } }] },
      }),
      true,
      "in a list, deeper",
    ],
    [object("v1", "Service", { spec: { ports: [{ port: 80 }] } }), false, "Kubernetes' own Service"],
    [
      object("apps.kruise.io/v1alpha1", "CloneSet", { spec: { template: template({ claims: [] }) } }),
      false,
      "no claim",
    ],
    [
      object("argoproj.io/v1alpha1", "Workflow", {
        spec: {
          volumes: [{ name: "work", persistentVolumeClaim: { claimName: "x" } }],
          templates: [{ name: "step", container: { image: "example.com/step" } }],
        },
      }),
      true,
      "volumes for several pods, whose containers are elsewhere",
    ],
    [
      object("kubevirt.io/v1", "VirtualMachine", {
        spec: {
          template: { spec: { domain: {}, volumes: [{ persistentVolumeClaim: { claimName: "x" } }] } },
        },
      }),
      true,
      "no containers at all",
    ],
    [
      object("tekton.dev/v1", "PipelineRun", {
        spec: { workspaces: [{ name: "source", persistentVolumeClaim: { claimName: "x" } }] },
      }),
      true,
      "a list of another name",
    ],
    [
      object("apiextensions.k8s.io/v1", "CustomResourceDefinition", {
        spec: {
          volumes: [{ persistentVolumeClaim: { properties: { claimName: { type: "string" } } } }],
          others: [{ persistentVolumeClaim: { claimName: { type: "string" } } }],
        },
      }),
      false,
      "a schema that describes one",
    ],
    [
      object("example.com/v1", "App", { spec: { volumes: [{ persistentVolumeClaim: { claimName: "" } }] } }),
      false,
      "no name",
    ],
    [deployment(), false, "a kind that is judged"],
    [scaledJob(), false, "and another"],
    [
      object(
        "apps.kruise.io/v1alpha1",
        "CloneSet",
        { spec: { template: template() } },
        { ownerReferences: [{ controller: true }] },
      ),
      false,
      "what another object controls",
    ],
    [object("example.com/v1", "App", { status: { template: template() } }), false, "a status"],
    [{ spec: { template: template() } }, false, "no type"],
    [null, false, "nothing"],
    ["text", false, "text"],
  ];
  for (const [raw, found, why] of rows) t.equal(unjudgedFrom(raw) !== undefined, found, why);
  t.strictSame(unjudgedFrom(cloneSet), {
    apiVersion: "apps.kruise.io/v1alpha1",
    kind: "CloneSet",
    namespace: "shop",
    name: "web",
    source: undefined,
  });
});

t.test("looks at a bounded part of an object", async (t) => {
  let deep: unknown = template();
  for (let level = 0; level < 10_000; level += 1) deep = { deep };
  t.equal(unjudgedFrom(object("example.com/v1", "Deep", { spec: deep })), undefined);
  const wide = Array.from({ length: 200_000 }, () => ({}));
  const began = performance.now();
  t.equal(
    unjudgedFrom(object("example.com/v1", "Wide", { spec: { wide, template: template() } })),
    undefined,
  );
  t.ok(performance.now() - began < 200);
  const loop: Record<string, unknown> = {};
  loop.again = loop;
  t.equal(
    unjudgedFrom(object("example.com/v1", "Loop", { spec: loop })),
    undefined,
    "an alias that holds itself",
  );
});

t.test("a bundle counts them, and names the first hundred", async (t) => {
  const many = Array.from({ length: 150 }, (_, at) => ({
    ...cloneSet,
    metadata: { namespace: "shop", name: `web-${at}` },
  }));
  const { notJudged, errors } = parseBundle([{ file: "all.yaml", text: file(deployment(), ...many) }]);
  t.equal(notJudged.count, 150);
  t.equal(notJudged.objects.length, 100);
  t.match(notJudged.objects[0], { kind: "CloneSet", name: "web-0", source: { file: "all.yaml" } });
  t.strictSame(errors, []);
});
