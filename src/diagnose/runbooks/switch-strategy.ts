import type { Autoscaler, UpdateStrategy, Workload } from "../../policy/model.ts";
import { nameOf } from "../../policy/phrasing.ts";
import { knownValue } from "../../policy/view.ts";
import { isObjectName } from "../../report/commands.ts";
import { asPage, type Runbook, type RunbookFacts, type RunbookStep } from "./runbook.ts";

const OTHER_UID =
  'kubectl answers "metadata.uid: … field is immutable" if another object has taken the name since this was printed: print it again then.';

/** The page, without names. */
export const SWITCH_STRATEGY: Runbook = {
  id: "switch-strategy",
  title: "Switch a Deployment to Recreate",
  intro:
    "For a Deployment whose rollout waits for itself: with Recreate the old pod ends, and gives the volume back, before the new one starts. It costs downtime as long as a restart, at each rollout.",
  subject: null,
  refused: null,
  questions: [
    "Can the application be down for as long as a restart takes, now and at every later rollout?",
    "Is the manifest changed in the same way at its source? Otherwise the next apply restores the old strategy. What applies it server-side (Flux, Helm 4) can do so only after step 3.",
  ],
  steps: [
    {
      title: "Suspend whatever changes it automatically",
      text: "Suspend GitOps for this Deployment, in the tool's own way, or make the change there and let it apply the next steps.",
      commands: [],
      worked: "The tool shows it as suspended.",
      back: "Resume it.",
    },
    {
      title: "Go down to one pod",
      text: "Only if there are more: the volume is for one node, so the others never run on another. Lower the autoscaler's maximum to 1 first, or it scales up again. The number of replicas and the strategy are two changes: made as one, they stop the Deployment's controller while a rollout is unfinished.",
      commands: [],
      worked: "One pod is left.",
      back: "Set the old numbers again.",
    },
    {
      title: "Set the strategy",
      text: "Recreate, without the parameters of a rolling update.",
      commands: [],
      worked: "spec.strategy.type is Recreate, and a rollout that was stuck gets through.",
      back: "Set the old strategy again.",
    },
    {
      title: "Try it",
      text: "Restart it once while somebody watches.",
      commands: [],
      worked: "The rollout gets through, and no event mentions Multi-Attach.",
      back: "Set the old strategy again.",
    },
  ],
};

/** Fills the runbook in for a Deployment, or says why that would be guessing. */
export function switchStrategy(facts: RunbookFacts): Runbook | undefined {
  const { view, namespace, name } = facts;
  const found = knownValue(view.workload("Deployment", namespace, name));
  if (found === undefined) return otherKind(facts);
  const subject = nameOf(found);
  const why = refusal(found, facts);
  if (why !== undefined) return asPage(SWITCH_STRATEGY, subject, why);
  return { ...SWITCH_STRATEGY, subject, steps: stepsFor(found, facts) };
}

/** Of other kinds there is something better to say than that there is no Deployment. */
function otherKind({ view, namespace, name }: RunbookFacts): Runbook | undefined {
  for (const [kind, why] of Object.entries(OTHER_KINDS)) {
    if (knownValue(view.workload(kind, namespace, name)) !== undefined) {
      return asPage(SWITCH_STRATEGY, `${kind} ${namespace}/${name}`, why);
    }
  }
  return undefined;
}

const OTHER_KINDS: Readonly<Record<string, string>> = {
  StatefulSet: "A StatefulSet already ends a pod before it starts the next one: there is nothing to switch.",
  DaemonSet: "A DaemonSet has one pod on each node: no strategy lets them share the volume of one node.",
  Rollout: "An Argo Rollout has no Recreate: use a canary without steps, maxSurge 0 and maxUnavailable 100%.",
  DeploymentConfig:
    "A DeploymentConfig has other names for the parameters: set spec.strategy.type to Recreate, and remove rollingParams.",
};

function refusal(deployment: Workload, { view }: RunbookFacts): string | undefined {
  const { strategy, uid, paused } = deployment;
  if (!isObjectName(deployment.name) || !isObjectName(deployment.namespace)) {
    return "Its name is one that Kubernetes would refuse.";
  }
  if (strategy.kind === "recreate") return "It already has strategy Recreate.";
  if (paused) return "It is paused: resume it first, so that you see what its last rollout does.";
  const found = view.autoscalersOf(deployment);
  if (found.state === "unknown") {
    return `It is not known whether an autoscaler scales it (${found.reason}), which would undo a smaller number.`;
  }
  const scalers = knownValue(found) ?? [];
  const keda = scalers.find(({ kind }) => kind === "ScaledObject");
  if (keda !== undefined && keda.maxReplicas > 1) {
    return `KEDA scales it (ScaledObject ${keda.name}), and undoes a smaller number: lower maxReplicaCount to 1 first.`;
  }
  return uid === undefined || scalers.some((scaler) => scaler.uid === undefined)
    ? "Its uid, or an autoscaler's, is not in these files, and the commands need it: print this from the cluster, or from a dump of it."
    : undefined;
}

function stepsFor(deployment: Workload, facts: RunbookFacts): readonly RunbookStep[] {
  const { kubectl, view } = facts;
  const [gitops, numbers, strategy, trial] = SWITCH_STRATEGY.steps as [
    RunbookStep,
    RunbookStep,
    RunbookStep,
    RunbookStep,
  ];
  const target = targetOf(deployment);
  const scalers = (knownValue(view.autoscalersOf(deployment)) ?? []).filter(
    ({ maxReplicas }) => maxReplicas > 1,
  );
  const replicas = deployment.pods.by === "replicas" ? deployment.pods.replicas : 1;
  const steps: RunbookStep[] = [];
  if (deployment.managedBy !== undefined) {
    const { tool, label } = deployment.managedBy;
    steps.push({ ...gitops, text: `${tool} seems to manage it (${label}): ${gitops.text}` });
  }
  if (replicas > 1 || scalers.length > 0) {
    steps.push({
      ...numbers,
      text: `${numbers.text} ${OTHER_UID}`,
      commands: [
        ...scalers.flatMap((scaler) => kubectl.patch(scalerTarget(scaler), limits(1, 1))),
        ...(replicas > 1 ? kubectl.scale(target, replicas, 1) : []),
        ...kubectl.read(`-n ${deployment.namespace} get deployment ${deployment.name}`),
      ],
      worked: "The last command shows 1/1, or 0/1 where the one pod cannot start either.",
      back: [
        replicas > 1 ? kubectl.scale(target, 1, replicas).join(" ") : "",
        ...scalers.flatMap((scaler) =>
          kubectl.patch(scalerTarget(scaler), limits(scaler.minReplicas, scaler.maxReplicas)),
        ),
      ]
        .filter((command) => command !== "")
        .join("; "),
    });
  }
  const read = `-n ${deployment.namespace} get deployment ${deployment.name} -o jsonpath='{.spec.strategy}'`;
  const back = kubectl.patch(target, { spec: { strategy: rollingOf(deployment.strategy) } }).join(" ");
  steps.push({
    ...strategy,
    text: `${strategy.text} ${OTHER_UID}`,
    commands: [
      ...kubectl.patch(target, { spec: { strategy: { type: "Recreate", rollingUpdate: null } } }),
      ...kubectl.read(read),
    ],
    worked: 'The second command prints {"type":"Recreate"}.',
    back,
  });
  steps.push({
    ...trial,
    text: `${trial.text} Compare the uid with ${deployment.uid} before.`,
    commands: [
      ...kubectl.afterLook(
        target,
        `rollout restart deployment/${deployment.name}`,
        `rollout status deployment/${deployment.name} --timeout=5m`,
      ),
    ],
    worked: `It says "successfully rolled out". If not: attachguard diagnose deployment/${deployment.name} -n ${deployment.namespace}`,
    back,
  });
  return steps;
}

function targetOf({ apiVersion, namespace, name, uid }: Workload) {
  return { apiVersion, kind: "Deployment" as const, namespace, name, uid, resourceVersion: undefined };
}

function scalerTarget({ namespace, name, uid }: Autoscaler) {
  const kind = "HorizontalPodAutoscaler" as const;
  return { apiVersion: "autoscaling/v2", kind, namespace, name, uid, resourceVersion: undefined };
}

function limits(min: number, max: number): Readonly<Record<string, unknown>> {
  return { spec: { minReplicas: Math.min(min, max), maxReplicas: max } };
}

/** What it is now, to be set again. */
function rollingOf(strategy: UpdateStrategy): Readonly<Record<string, unknown>> {
  if (strategy.kind !== "rolling-update") return { type: "RollingUpdate" };
  const written = ({ kind, value }: { readonly kind: string; readonly value: number }) =>
    kind === "percent" ? `${value}%` : value;
  const { maxSurge, maxUnavailable } = strategy;
  return {
    type: "RollingUpdate",
    rollingUpdate: { maxSurge: written(maxSurge), maxUnavailable: written(maxUnavailable) },
  };
}
