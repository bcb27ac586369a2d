import type { JsonScan } from "./json-scan.ts";

/** The worker's result for a body. */
export type Compact =
  | {
      readonly state: "text";
      readonly text: string;
      /** What templates with very many volumes mount, beside the text: a body cannot say it. */
      readonly mounts: readonly TemplateMounts[];
      /** How deep the body nested. */
      readonly depth: number;
    }
  /** Parsing it would take more memory than a review of objects that can be stored. */
  | { readonly state: "too-many-values" }
  | { readonly state: "malformed" }
  | { readonly state: "too-deep" };

/** The mounts of one template as text: an object for each would take the thread that answers many times as long. */
export interface TemplateMounts {
  /** Where the pod spec stands in the review. */
  readonly path: readonly string[];
  /** JSON of `MountList` (`kube/pod-template.ts`); `same`: those of the object are the old object's too. */
  readonly list: string | "same";
}

/** How much the worker hands on of what policy looks at only up to a bound; what was cut still counts as too much. */
export interface CompactBounds {
  readonly labels: number;
  /** Of pod affinity, anti-affinity and spread constraints, each. */
  readonly podTerms: number;
  readonly nodeExpressions: number;
  readonly nodeValues: number;
  readonly claimTemplates: number;
  /** More values than these are not parsed. */
  readonly values: number;
}

/**
 * What the worker runs: it parses reviews and writes them again without what no verdict reads, so that the result is
 * quick to read whatever was stored. Whether a template was changed depends on all of it: a digest stands for it.
 *
 * It is started from its own text and sees nothing else of this module.
 */
export function compactReviews(Scan: typeof JsonScan): void {
  const { parentPort: port, workerData } = process.getBuiltinModule("node:worker_threads");
  const most: CompactBounds = workerData;
  const { createHash } = process.getBuiltinModule("node:crypto");
  type Raw = Record<string, unknown>;
  /** Of a part of an object that is looked at as a whole, as JSON; the digest of a larger one stands for it. */
  const mostOfPart = 64 * 1024;
  const mostOfList = 1_000;
  const mostNames = 100;
  /** No name and no key of a label is longer, and none has characters that JSON writes in six. */
  const mostOfText = 317;
  const mostOfAnnotation = 16 * 1024;
  /** More volumes than any pod has: what a template mounts that has more is told by names alone. */
  const mostVolumes = 1_000;
  const readOfReview = ["apiVersion", "kind", "request"];
  const readOfRequest = [
    "uid",
    "resource",
    "subResource",
    "operation",
    "name",
    "namespace",
    "userInfo",
    "dryRun",
    "object",
    "oldObject",
  ];
  const readOfObject = ["apiVersion", "kind", "metadata", "spec", "status"];
  const holdsTemplates = ["template", "jobTemplate", "jobTargetRef", "volumeClaimTemplates"];
  const readOfUser = ["username", "groups"];
  const readOfPod = [
    "containers",
    "initContainers",
    "ephemeralContainers",
    "volumes",
    "nodeName",
    "nodeSelector",
    "affinity",
    "topologySpreadConstraints",
    "tolerations",
  ];
  /** Of a volume: which claim, or that it is a disk of which type. */
  const readOfSource = ["claimName", "driver", "readOnly"];
  const containerLists = ["containers", "initContainers", "ephemeralContainers"];
  const mountLists = ["volumeMounts", "volumeDevices"];
  const required = "requiredDuringSchedulingIgnoredDuringExecution";
  /** Labels of the object itself that say who manages it. */
  const readLabel =
    /^(argocd\.argoproj\.io|(kustomize|helm)\.toolkit\.fluxcd\.io|app\.kubernetes\.io|attachguard\.dev)\//;
  const readAnnotation =
    /^(attachguard\.dev|argocd\.argoproj\.io|meta\.helm\.sh|autoscaling\.keda\.sh|(volume|storageclass)\.(beta\.)?kubernetes\.io)\//;

  const isRaw = (value: unknown): value is Raw =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  const raw = (value: unknown): Raw => (isRaw(value) ? value : {});
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what it is about
  const controls = /[\u0000-\u001f]/g;
  const hasControls = new RegExp(controls.source);
  const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

  /** In parts: one text would be as large again as the body. */
  const digest = (value: Raw): string => {
    const hash = createHash("sha256");
    for (const [key, part] of Object.entries(value)) {
      hash.update(JSON.stringify(key));
      for (const [name, inner] of isRaw(part) ? Object.entries(part) : [["", part] as const]) {
        hash.update(`${JSON.stringify(name)}:${JSON.stringify(inner)}\n`);
      }
    }
    return hash.digest("base64");
  };
  /** A text that is no name, so that it cannot match one either; others stay different from it. */
  const short = (text: string, longest = mostOfText): string =>
    text.length <= longest && (longest > mostOfText || !hasControls.test(text))
      ? text
      : `${text.slice(0, 40).replaceAll(controls, "?")}…${createHash("sha256").update(text).digest("base64")}`;
  /** What is left of a review, with every text in it short. */
  const shortened = (value: unknown, longest = mostOfText): unknown => {
    if (typeof value === "string") return short(value, longest);
    if (Array.isArray(value)) return value.map((each) => shortened(each, longest));
    if (!isRaw(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, part]) => [
        short(key),
        shortened(part, key === "annotations" ? mostOfAnnotation : longest),
      ]),
    );
  };
  /** Each entry of a list once: what is read of lists is whether something is among them. */
  const distinct = (value: readonly unknown[]): readonly unknown[] => [
    ...new Map(value.map((each) => [JSON.stringify(each), each])).values(),
  ];
  /** A part of an object without what is too large to be read in it, `levels` deep. */
  const bounded = (part: unknown, levels: number): unknown => {
    if (typeof part !== "object" || JSON.stringify(part).length <= mostOfPart) return part;
    if (Array.isArray(part)) {
      const kept = distinct(part).slice(0, mostOfList);
      return levels === 0 ? bounded({ kept }, 0) : kept.map((each) => bounded(each, levels - 1));
    }
    const members = Object.entries(raw(part));
    return levels === 0 || members.length > mostOfList
      ? { unread: digest(raw(part)) }
      : Object.fromEntries(members.map(([key, member]) => [key, bounded(member, levels - 1)]));
  };
  const keepMatching = (metadata: Raw, field: string, pattern: RegExp): void => {
    const kept = metadata[field];
    if (isRaw(kept)) {
      metadata[field] = Object.fromEntries(
        Object.entries(kept)
          .filter(([key]) => pattern.test(key))
          .slice(0, mostOfList),
      );
    }
  };
  const pruneMetadata = (metadata: unknown): void => {
    if (!isRaw(metadata)) return;
    for (const field of ["managedFields", "finalizers"]) delete metadata[field];
    keepMatching(metadata, "labels", readLabel);
    keepMatching(metadata, "annotations", readAnnotation);
    if ("ownerReferences" in metadata) {
      metadata.ownerReferences = listOf(metadata.ownerReferences)
        .filter((owner) => raw(owner).controller === true)
        .slice(0, 1);
    }
  };

  /** Counts down what is kept of one part of a placement. */
  const cutter = (mostExpressions: number, mostValues = 0) => {
    let left = mostExpressions;
    /** Values are counted with the expressions where they have no bound of their own. */
    let valuesLeft = mostValues;
    const cut = (value: unknown): readonly unknown[] => {
      const kept = listOf(value).slice(0, left);
      left -= kept.length;
      return kept;
    };
    const cutValues = (value: unknown): readonly unknown[] => {
      if (mostValues === 0) return cut(value);
      const kept = listOf(value).slice(0, valuesLeft);
      valuesLeft -= kept.length;
      return kept;
    };
    const cutKeys = (value: unknown): unknown => {
      if (!isRaw(value)) return value;
      const keys = Object.keys(value);
      const kept = keys.length <= left ? value : Object.fromEntries(Object.entries(value).slice(0, left));
      left -= Math.min(keys.length, left);
      return kept;
    };
    const cutRequirements = (value: unknown): readonly unknown[] =>
      cut(value).map((requirement) =>
        isRaw(requirement) && Array.isArray(requirement.values)
          ? { ...requirement, values: cutValues(requirement.values) }
          : requirement,
      );
    const cutSelector = (value: unknown): unknown =>
      isRaw(value)
        ? {
            ...value,
            matchLabels: cutKeys(value.matchLabels),
            matchExpressions: cutRequirements(value.matchExpressions),
          }
        : value;
    const cutPodTerms = (value: unknown): readonly unknown[] =>
      cut(value).map((term) =>
        isRaw(term)
          ? {
              ...term,
              labelSelector: cutSelector(term.labelSelector),
              namespaceSelector: cutSelector(term.namespaceSelector),
              namespaces: cut(term.namespaces),
              matchLabelKeys: cut(term.matchLabelKeys),
              mismatchLabelKeys: cut(term.mismatchLabelKeys),
            }
          : term,
      );
    return { cut, cutKeys, cutRequirements, cutPodTerms };
  };
  /** Preferences are left out: they prove nothing. */
  const placementIn = ({ affinity, nodeSelector, tolerations, topologySpreadConstraints }: Raw): Raw => {
    const nodes = cutter(most.nodeExpressions, most.nodeValues);
    const kept: Raw = { nodeSelector: nodes.cutKeys(nodeSelector) };
    if (tolerations !== undefined) kept.tolerations = nodes.cut(tolerations);
    if (topologySpreadConstraints !== undefined) {
      kept.topologySpreadConstraints = cutter(most.podTerms).cutPodTerms(topologySpreadConstraints);
    }
    if (!isRaw(affinity)) return kept;
    const ofNodes = raw(affinity.nodeAffinity)[required];
    const ofPods = (field: string): Raw =>
      isRaw(affinity[field])
        ? { [field]: { [required]: cutter(most.podTerms).cutPodTerms(affinity[field][required]) } }
        : {};
    kept.affinity = {
      ...ofPods("podAffinity"),
      ...ofPods("podAntiAffinity"),
      ...(isRaw(ofNodes) && {
        nodeAffinity: {
          [required]: {
            nodeSelectorTerms: nodes.cut(ofNodes.nodeSelectorTerms).map((term) =>
              isRaw(term)
                ? {
                    matchExpressions: nodes.cutRequirements(term.matchExpressions),
                    matchFields: nodes.cutRequirements(term.matchFields),
                  }
                : term,
            ),
          },
        },
      }),
    };
    return kept;
  };

  /** One container with the mounts of a whole list: which volumes are mounted is all that is read of containers. */
  const mountsOf = (
    containers: readonly unknown[],
    volumes: ReadonlySet<unknown>,
    mounted: Set<unknown>,
  ): readonly unknown[] => {
    const own = new Set<unknown>();
    for (const container of containers) {
      for (const mounts of mountLists) {
        for (const mount of listOf(raw(container)[mounts])) {
          const { name } = raw(mount);
          if (volumes.has(name) && !mounted.has(name)) own.add(name);
        }
      }
    }
    for (const name of own) mounted.add(name);
    return containers.length === 0 ? [] : [{ volumeMounts: [...own].map((name) => ({ name })) }];
  };
  const sourceIn = (source: unknown): unknown =>
    isRaw(source)
      ? Object.fromEntries(Object.entries(source).filter(([key]) => readOfSource.includes(key)))
      : source;
  /** What a template with very many volumes mounts; what no container mounts is left out. */
  const mountedOf = (pod: Raw, mounted: ReadonlySet<unknown>, own: ReadonlySet<unknown>): Raw => {
    const claims = new Set<string>();
    const places = new Map<string, number>();
    const told = { sources: [] as unknown[], of: [] as number[], names: [] as string[] };
    const tell = (name: string, type: string, readOnly: boolean): void => {
      const key = `${type} ${readOnly}`;
      const place = places.get(key) ?? told.sources.push({ type, readOnly }) - 1;
      places.set(key, place);
      told.of.push(place);
      told.names.push(short(name));
    };
    for (const volume of listOf(pod.volumes)) {
      const { name, ...sources } = raw(volume);
      if (typeof name !== "string" || own.has(name) || !mounted.has(name)) continue;
      const { claimName } = raw(sources.persistentVolumeClaim);
      if (typeof claimName === "string" && claimName !== "") {
        if (!claims.has(claimName)) tell(claimName, "persistentVolumeClaim", false);
        claims.add(claimName);
        continue;
      }
      for (const [type, source] of Object.entries(sources)) {
        if (isRaw(source)) tell(name, type, source.readOnly === true);
      }
    }
    return told;
  };
  let mountsFound: { path: readonly string[]; list: string }[] = [];
  const prunePod = (pod: Raw, own: ReadonlySet<unknown>, path: readonly string[]): Raw => {
    const volumes = new Set(listOf(pod.volumes).map((volume) => raw(volume).name));
    const mounted = new Set<unknown>();
    const kept: Raw = Object.fromEntries(Object.entries(pod).filter(([key]) => readOfPod.includes(key)));
    for (const field of containerLists) {
      if (Array.isArray(pod[field])) kept[field] = mountsOf(pod[field], volumes, mounted);
    }
    // Without containers it is a patch, whose containers are elsewhere.
    const isPatch = listOf(pod.containers).length === 0;
    if (!isPatch && mounted.size > mostVolumes) {
      for (const field of [...containerLists, "volumes"]) delete kept[field];
      mountsFound.push({ path, list: JSON.stringify(mountedOf(pod, mounted, own)) });
    } else if (Array.isArray(pod.volumes)) {
      kept.volumes = pod.volumes
        .filter((volume) => isPatch || mounted.has(raw(volume).name))
        .map((volume: unknown) =>
          isRaw(volume)
            ? Object.fromEntries(Object.entries(volume).map(([key, value]) => [key, sourceIn(value)]))
            : volume,
        );
    }
    return { ...kept, ...placementIn(pod) };
  };

  const pruneTemplate = (template: unknown, own: ReadonlySet<unknown>, path: readonly string[]): void => {
    if (!isRaw(template)) return;
    const unread = digest(template);
    const { metadata } = template;
    if (isRaw(metadata)) {
      const { labels } = metadata;
      pruneMetadata(metadata);
      metadata.labels = isRaw(labels)
        ? Object.fromEntries(Object.entries(labels).slice(0, most.labels))
        : labels;
    }
    if (isRaw(template.spec)) template.spec = prunePod(template.spec, own, [...path, "spec"]);
    template.unread = unread;
  };
  /** Only the names in a step are read: one with more names than exist has one that is not known. */
  const pruneSteps = (spec: Raw): void => {
    const canary = raw(raw(spec.strategy).canary);
    if (!Array.isArray(canary.steps)) return;
    canary.steps = distinct(
      canary.steps.map((step: unknown) =>
        isRaw(step)
          ? Object.fromEntries(
              Object.entries(step)
                .slice(0, mostNames)
                .map(([name, value]) => [name, typeof value === "object" ? {} : value]),
            )
          : step,
      ),
    );
  };
  const pruneStatus = (status: Raw): void => {
    status.conditions = listOf(status.conditions).filter((condition) =>
      ["Complete", "Failed"].includes(raw(condition).type as string),
    );
    for (const [field, value] of Object.entries(status)) status[field] = bounded(value, 1);
  };
  const keepOnly = (object: Raw, fields: readonly string[]): void => {
    for (const field of Object.keys(object)) if (!fields.includes(field)) delete object[field];
  };
  const prune = (object: unknown, field: string): void => {
    if (!isRaw(object)) return;
    keepOnly(object, readOfObject);
    pruneMetadata(object.metadata);
    if (isRaw(object.status)) pruneStatus(object.status);
    const { spec } = object;
    if (!isRaw(spec)) return;
    const own = new Set<unknown>();
    for (const template of listOf(spec.volumeClaimTemplates)) {
      const { metadata } = raw(template);
      pruneMetadata(metadata);
      own.add(raw(metadata).name);
    }
    if (Array.isArray(spec.volumeClaimTemplates)) {
      spec.volumeClaimTemplates = spec.volumeClaimTemplates
        .slice(0, most.claimTemplates)
        .map((template) => ({ ...raw(template), spec: bounded(raw(template).spec, 1) }));
    }
    pruneMetadata(raw(spec.jobTemplate).metadata);
    pruneSteps(spec);
    for (const within of [[], ["jobTemplate", "spec"], ["jobTargetRef"]]) {
      const holder = within.reduce((part, name) => raw(part[name]), spec);
      if (!isRaw(holder.template)) continue;
      pruneTemplate(holder.template, own, ["request", field, "spec", ...within, "template"]);
      if ("selector" in holder) {
        holder.unread = digest({ selector: holder.selector });
        delete holder.selector;
      }
    }
    for (const [field, part] of Object.entries(spec)) {
      if (!holdsTemplates.includes(field)) spec[field] = bounded(part, 2);
    }
  };
  const compact = (blocks: readonly Uint8Array[]): Compact => {
    const decoder = new TextDecoder();
    const scan = new Scan();
    let text = "";
    for (const block of blocks) {
      scan.push(block);
      if (scan.values > most.values) return { state: "too-many-values" };
      text += decoder.decode(block, { stream: true });
    }
    let review: unknown;
    try {
      review = JSON.parse(text + decoder.decode());
    } catch {
      return { state: "malformed" };
    }
    text = "";
    mountsFound = [];
    try {
      if (isRaw(review) && isRaw(review.request)) {
        keepOnly(review, readOfReview);
        keepOnly(review.request, readOfRequest);
        prune(review.request.object, "object");
        prune(review.request.oldObject, "oldObject");
        if (isRaw(review.request.userInfo)) keepOnly(review.request.userInfo, readOfUser);
        for (const field of ["object", "oldObject"]) {
          if (field in review.request) review.request[field] = shortened(review.request[field]);
        }
      }
      const [first, second] = mountsFound;
      if (first !== undefined && first.list === second?.list) second.list = "same";
      return { state: "text", text: JSON.stringify(review), mounts: mountsFound, depth: scan.depth };
    } catch (error) {
      // The stack ends before the nesting does.
      if (error instanceof RangeError) return { state: "too-deep" };
      throw error;
    }
  };
  port?.on("message", (blocks: readonly Uint8Array[]) => port.postMessage(compact(blocks)));
}
