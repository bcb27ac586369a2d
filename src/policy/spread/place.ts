import { type ClaimReach, LONG_LIST, type SpreadProof } from "../factors.ts";
import type { Node, NodeSelectorTerm, Placement, WorkloadKind } from "../model.ts";
import { HOSTNAME, matchesTerms, nodesAge } from "../nodes.ts";
import type { PolicyOptions } from "../options.ts";
import { listOf, plural } from "../phrasing.ts";
import { type ClusterView, knownValue } from "../view.ts";
import {
  allOf,
  type Constraints,
  commonHost,
  fromLabels,
  fromTerms,
  hostNamesIn,
  NODE_NAME,
  narrow,
  summaryOf,
} from "./constraints.ts";
import {
  indexOf,
  KeptForPlacements,
  NO_AFFINITY,
  type NodeIndex,
  namesTooMuch,
  notTaking,
  takingAmong,
  takingOf,
  valuesIn,
} from "./node-index.ts";
import { ANY, namesIn, onlyValues } from "./value-set.ts";
import { TOO_MUCH, Work } from "./work.ts";

/** Where node constraints and volumes let pods land, pod affinity left aside. */
export interface Place {
  /** `several` also where nothing is known. */
  readonly where: "nowhere" | "one-node" | "several";
  readonly proof: string;
  /** The one host by all the names it is known under; empty where it has none yet. */
  readonly names: ReadonlySet<string>;
  readonly host: string | undefined;
  readonly evidence: readonly string[];
}

/** A placement that no node turns away: what is left when only the volumes are asked, whatever the pods tolerate. */
const ANYWHERE: Placement = {
  nodeName: undefined,
  nodeSelector: {},
  nodeAffinity: undefined,
  podAffinity: [],
  podAntiAffinity: [],
  spreadConstraints: [],
  tolerations: [{ key: "", operator: "Exists", value: "", effect: "" }],
};

/** One thing that limits the nodes, with its alternatives. */
interface Source {
  readonly proof: string;
  readonly text: string;
  readonly alternatives: readonly Constraints[];
}

/**
 * Decides by nodeName, nodeSelector, required node affinity, the volumes' node affinity and the known nodes. A
 * contradiction, or a host that is not among the known nodes, is `nowhere`; having no eligible node now is not, since a
 * node pool may be scaled to zero (semantics S17, S19, S21, S24).
 */
export function placeOf(
  placement: Placement,
  kind: WorkloadKind,
  claims: readonly ClaimReach[],
  view: ClusterView,
  options: PolicyOptions,
  work = new Work(),
): Place {
  const holding = holdingAmong(claims);
  const kept = keptPlace(placement, kind, holding, view, options, work);
  if (kept !== undefined) return kept;
  const by = holding.map(({ name, inline }) => (inline ? `disk ${name}` : name));
  return work.once(`place of a ${kind} with ${by.join(", ")}`, placement, () =>
    findPlace(placement, kind, holding, view, options, work),
  );
}

/** Whether the volume has a say in where pods land. */
export function isHolding({ volume, pin }: ClaimReach): boolean {
  return volume?.nodeAffinity !== undefined || pin !== undefined;
}

/** Kept for a list of claims that is long: it is asked about at every moment. */
const held = new WeakMap<readonly ClaimReach[], readonly ClaimReach[]>();

/** Volumes that may be anywhere leave the place as it is, however many there are: those among these that may not. */
function holdingAmong(claims: readonly ClaimReach[]): readonly ClaimReach[] {
  if (claims.length < LONG_LIST) return claims.every(isHolding) ? claims : claims.filter(isHolding);
  let holding = held.get(claims);
  if (holding === undefined) {
    holding = claims.filter(isHolding);
    held.set(claims, holding);
  }
  return holding;
}

/** By the list of nodes, of placements and volumes that call no host and leave several: most do, and say nothing of their own. */
const places = new WeakMap<readonly Node[], KeptForPlacements<Place>>();

function keptPlace(
  placement: Placement,
  kind: WorkloadKind,
  claims: readonly ClaimReach[],
  view: ClusterView,
  options: PolicyOptions,
  work: Work,
): Place | undefined {
  if (options.singleNode) return undefined;
  const nodes = knownValue(view.nodes());
  const affinity = nodes && commonAffinity(claims);
  return affinity && places.get(nodes)?.get(placement, kind, affinity, work);
}

function keepPlace(
  nodes: readonly Node[],
  placement: Placement,
  kind: WorkloadKind,
  claims: readonly ClaimReach[],
  place: Place,
  work: Work,
  leftBefore: number,
): void {
  const affinity = commonAffinity(claims);
  if (affinity === undefined) return;
  const kept = places.get(nodes) ?? new KeptForPlacements<Place>();
  places.set(nodes, kept);
  kept.set(placement, kind, affinity, place, work, leftBefore);
}

/** What stands for the node affinity of these volumes; `undefined` where they differ, or where one is on one node. */
function commonAffinity(claims: readonly ClaimReach[]): object | undefined {
  let common = NO_AFFINITY;
  for (const { volume, pin } of claims) {
    if (pin !== undefined || volume?.nodeAffinity === undefined) return undefined;
    const affinity = onVolume(volume.nodeAffinity);
    if (common !== NO_AFFINITY && common !== affinity) return undefined;
    common = affinity;
  }
  return common;
}

function findPlace(
  placement: Placement,
  kind: WorkloadKind,
  claims: readonly ClaimReach[],
  view: ClusterView,
  options: PolicyOptions,
  work: Work,
): Place {
  const { left } = work;
  if (namesTooMuch(placement)) work.giveUp();
  if (!work.spend(valuesIn(placement))) return several([TOO_MUCH]);
  const lookup = view.nodes();
  const nodes = knownValue(lookup);
  const sources = sourcesOf(placement, claims);
  const context = allOf(sources.map(({ alternatives }) => summaryOf(alternatives)));
  const narrowed = sources.map((source) => ({
    ...source,
    alternatives: context === undefined ? [] : narrow(source.alternatives, context),
  }));
  const impossible = narrowed.find(({ alternatives }) => alternatives.length === 0);
  if (impossible !== undefined) {
    const blamed = sources.find(({ alternatives }) => alternatives.length === 0);
    return nowhere(
      "contradiction",
      blamed === undefined
        ? `${listOf(sources.map(({ text }) => text))} contradict each other: no node satisfies them all`
        : `${blamed.text} contradicts itself: no node satisfies it`,
    );
  }
  const hosts = nodes && indexOf(nodes);
  const age = nodesAge(lookup);
  // Most placements name no host, and then none can be missing, or be the only one.
  const calling = sources.some(({ alternatives }) => alternatives.some(callsHosts)) ? narrowed : [];
  const missing = hosts && missingHost(calling, hosts, age);
  if (missing !== undefined) return missing;
  if (options.singleNode) {
    return oneNode("single-node", [], "the configuration says that the cluster has one schedulable node");
  }
  const pinned =
    (calling.length === 0 ? undefined : pinnedBy(sources, narrowed, context, hosts)) ?? byNodeLocal(claims);
  if (pinned !== undefined) return pinned;
  const byNodes = hosts && placeAmong(hosts, placement, kind, claims, work, age);
  if (byNodes?.where === "one-node") return byNodes;
  if (hosts !== undefined && byNodes !== undefined && calling.length === 0 && !work.isSpent) {
    keepPlace(hosts.nodes, placement, kind, claims, byNodes, work, left);
    return byNodes;
  }
  const unread =
    lookup.state === "unknown" && sources.length > 0
      ? [`how many nodes ${listOf(sources.map(({ text }) => text))} leaves is not known (${lookup.reason})`]
      : [];
  return several([...severalHosts(calling), ...(byNodes?.evidence ?? unread)]);
}

function callsHosts(alternative: Constraints): boolean {
  return alternative.has(HOSTNAME) || alternative.has(NODE_NAME);
}

/** Where the volumes alone let pods land. */
export function placeOfVolumes(
  claims: readonly ClaimReach[],
  kind: WorkloadKind,
  view: ClusterView,
  options: PolicyOptions,
  work = new Work(),
): Place {
  return placeOf(ANYWHERE, kind, claims, view, options, work);
}

/** Is it certain that both are the same single host? */
export function samePlace(a: Place, b: Place): boolean {
  return a.where === "one-node" && b.where === "one-node" && [...a.names].some((name) => b.names.has(name));
}

export function proofOf(place: Place, value: SpreadProof["value"]): SpreadProof {
  return { value, proof: place.proof, host: place.host, evidence: place.evidence };
}

function sourcesOf(placement: Placement, claims: readonly ClaimReach[]): readonly Source[] {
  const { nodeName, nodeSelector, nodeAffinity } = placement;
  const sources: Source[] = [];
  if (nodeName !== undefined) {
    sources.push({
      proof: "node-name",
      text: `nodeName ${nodeName}`,
      alternatives: [new Map([[NODE_NAME, onlyValues([nodeName])]])],
    });
  }
  if (Object.keys(nodeSelector).length > 0) {
    const labels = Object.entries(nodeSelector).map(([key, value]) => `${key}=${value}`);
    sources.push({
      proof: "node-selector",
      text: `nodeSelector ${listOf(labels)}`,
      alternatives: [fromLabels(nodeSelector)],
    });
  }
  if (nodeAffinity !== undefined) {
    sources.push({
      proof: "node-affinity",
      text: "required node affinity",
      alternatives: fromTerms(nodeAffinity),
    });
  }
  for (const { name, volume } of claims) {
    if (volume?.nodeAffinity === undefined) continue;
    sources.push({
      proof: "volume",
      text: `node affinity of volume ${volume.name} (${name})`,
      alternatives: onVolume(volume.nodeAffinity),
    });
  }
  return sources;
}

const read = new WeakMap<readonly NodeSelectorTerm[], readonly Constraints[]>();

/** A volume stays as it is from review to review. */
function onVolume(terms: readonly NodeSelectorTerm[]): readonly Constraints[] {
  let constraints = read.get(terms);
  if (constraints === undefined) {
    constraints = alikeAmong(terms) ?? fromTerms(terms);
    read.set(terms, constraints);
  }
  return constraints;
}

/** The volumes of one zone say the same, and what is the same object need not be compared value by value. */
const alike = new Map<string, readonly Constraints[]>();
const MOST_ALIKE = 1_000;
const LONGEST_ALIKE = 1_000;

function alikeAmong(terms: readonly NodeSelectorTerm[]): readonly Constraints[] | undefined {
  if (terms.length > 1 || (terms[0]?.matchExpressions ?? []).some(({ values }) => values.length > 1)) {
    return undefined;
  }
  const key = JSON.stringify(terms);
  if (key.length > LONGEST_ALIKE) return undefined;
  let constraints = alike.get(key);
  if (constraints === undefined) {
    constraints = fromTerms(terms);
    if (alike.size >= MOST_ALIKE) alike.clear();
    alike.set(key, constraints);
  }
  return constraints;
}

function pinnedBy(
  sources: readonly Source[],
  narrowed: readonly Source[],
  context: Constraints | undefined,
  hosts: NodeIndex | undefined,
): Place | undefined {
  // Whatever proves the host, all names that it must have are its names.
  const known = (names: readonly string[]) =>
    hosts === undefined && context !== undefined ? [...names, ...hostNamesIn(context)] : names;
  for (const { proof, text, alternatives } of sources) {
    const names = hostOf(alternatives, hosts);
    if (names.length > 0) return oneNode(proof, known(names), `${text} leaves one host: ${names[0]}`);
  }
  const together = listOf(sources.map(({ text }) => text));
  const proof = sources.some((source) => source.proof === "volume") ? "volume" : "node-affinity";
  for (const alternatives of [
    ...narrowed.map((source) => source.alternatives),
    ...(context ? [[context]] : []),
  ]) {
    const names = hostOf(alternatives, hosts);
    if (names.length > 0)
      return oneNode(proof, known(names), `${together} together leave one host: ${names[0]}`);
  }
  return undefined;
}

/** The known nodes that an alternative calls by host label or by name; `undefined` where it calls none. */
function hostsCalled(alternative: Constraints, hosts: NodeIndex): readonly Node[] | undefined {
  const find = (key: string, index: NodeIndex["byLabel"]) =>
    namesIn(alternative.get(key) ?? ANY)?.flatMap((name) => index.get(name) ?? []);
  const byLabel = find(HOSTNAME, hosts.byLabel);
  const byName = find(NODE_NAME, hosts.byName);
  if (byLabel === undefined || byName === undefined) return byLabel ?? byName;
  const labelled = new Set(byLabel);
  return byName.filter((node) => labelled.has(node));
}

/** The one host of all alternatives, by the name of its node where that is known, else by the names they give it. */
function hostOf(alternatives: readonly Constraints[], hosts: NodeIndex | undefined): readonly string[] {
  const names = commonHost(alternatives);
  if (names.length === 0 || hosts === undefined) return names;
  const called = new Set(alternatives.flatMap((alternative) => hostsCalled(alternative, hosts) ?? []));
  // One text that is the host label of one node and the name of another is two hosts.
  return called.size === 1 ? [...called].map(({ name }) => name) : [];
}

/** A volume made by a node-local driver, whatever label of the node it goes by. */
function byNodeLocal(claims: readonly ClaimReach[]): Place | undefined {
  const local = claims.find(({ pin }) => pin !== undefined);
  if (local === undefined) return undefined;
  const { name, pin, volume, provisioner = "its driver" } = local;
  return pin?.node === undefined || volume === undefined
    ? oneNode(
        "volume",
        [],
        `${provisioner} creates the volume of claim ${name} on one node and keeps it there`,
      )
    : oneNode(
        "volume",
        [pin.node],
        `volume ${volume.name} (${name}) of ${provisioner} is on one node: ${pin.node}`,
      );
}

/** Every alternative names hosts, and no known node is one of them. */
function missingHost(sources: readonly Source[], hosts: NodeIndex, age: string): Place | undefined {
  const source = sources.find(({ alternatives }) =>
    alternatives.every((alternative) => hostsCalled(alternative, hosts)?.length === 0),
  );
  if (source === undefined) return undefined;
  const names = source.alternatives.flatMap((alternative) =>
    [HOSTNAME, NODE_NAME].flatMap((key) => namesIn(alternative.get(key) ?? ANY) ?? []),
  );
  return nowhere(
    "unknown-host",
    `${source.text} asks for host ${listOf([...new Set(names)])}, which is not among the ${plural(hosts.nodes.length, "known node")}${age}`,
  );
}

function placeAmong(
  index: NodeIndex,
  placement: Placement,
  kind: WorkloadKind,
  claims: readonly ClaimReach[],
  work: Work,
  age: string,
): Place {
  const { nodes } = index;
  const volumes = claims.flatMap(({ volume }) =>
    volume?.nodeAffinity === undefined ? [] : [volume.nodeAffinity],
  );
  const find = () =>
    takingAmong(
      index,
      placement,
      volumes,
      work,
      (node) => unreachable(placement, kind, claims, node) === undefined,
    );
  const affinity = commonAffinity(claims);
  const taking = affinity === undefined ? find() : takingOf(index, placement, kind, affinity, work, find);
  if (taking === undefined) return several([TOO_MUCH]);
  const [node] = taking.first;
  if (node === undefined) {
    return several([
      `none of the ${plural(nodes.length, "known node")} takes the pods now; another may be added`,
    ]);
  }
  if (taking.count > 1) {
    const names = listOf(
      taking.first.map(({ name }) => name),
      ", ",
      taking.count,
    );
    return several([`${taking.count} of ${nodes.length} known nodes take the pods: ${names}`]);
  }
  if (nodes.length === 1) return oneNode("nodes", [node.name], `${node.name} is the only known node${age}`);
  const excluded = nodes
    .filter((other) => other !== node)
    .slice(0, EXCLUDED_TOLD)
    .map((other) => `${other.name}: ${unreachable(placement, kind, claims, other)}`);
  return oneNode(
    "nodes",
    [node.name],
    `of ${nodes.length} known nodes only ${node.name} can take the pods (${listOf(excluded, "; ", nodes.length - 1)})${age}`,
  );
}

const EXCLUDED_TOLD = 4;

function unreachable(
  placement: Placement,
  kind: WorkloadKind,
  claims: readonly ClaimReach[],
  node: Node,
): string | undefined {
  const reason = notTaking(placement, kind, node);
  if (reason !== undefined) return reason;
  const volume = claims.find((claim) => {
    const terms = claim.volume?.nodeAffinity;
    return terms !== undefined && !matchesTerms(terms, node);
  })?.volume;
  return volume && `volume ${volume.name} cannot be used there`;
}

function severalHosts(sources: readonly Source[]): readonly string[] {
  return sources.flatMap(({ text, alternatives }) => {
    const summary = summaryOf(alternatives);
    const names = namesIn(summary.get(HOSTNAME) ?? ANY) ?? namesIn(summary.get(NODE_NAME) ?? ANY);
    return names === undefined ? [] : [`${text} allows ${plural(names.length, "host")}: ${listOf(names)}`];
  });
}

function oneNode(proof: string, names: readonly string[], sentence: string): Place {
  return { where: "one-node", proof, names: new Set(names), host: names[0], evidence: [sentence] };
}

const NO_NAMES: ReadonlySet<string> = new Set();

function nowhere(proof: string, sentence: string): Place {
  return { where: "nowhere", proof, names: NO_NAMES, host: undefined, evidence: [sentence] };
}

function several(evidence: readonly string[]): Place {
  return { where: "several", proof: "none", names: NO_NAMES, host: undefined, evidence };
}
