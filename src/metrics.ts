import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** The part of a cluster's state that the gauges show; `cluster/` has it as `KindStatus`. */
export interface KindGauges {
  readonly kind: string;
  readonly state: string;
  readonly objects: number;
  readonly ageSeconds: number | undefined;
}

/** The verdicts that all workloads of a cluster would get today. */
export interface WorkloadCounts {
  /** Workloads by verdict. */
  readonly verdicts: Readonly<Record<string, number>>;
  /** Errors by rule, including those that are let through. */
  readonly latent: Readonly<Record<string, number>>;
}

/** Every metric of the project in one place, on a registry of its own: two servers in a process do not mix. */
export interface Metrics {
  readonly registry: Registry;
  readonly reviews: Counter<"resource" | "operation" | "verdict" | "dry_run">;
  readonly duration: Histogram;
  readonly overloads: Counter;
  readonly unreadBodies: Counter<"reason">;
  readonly faults: Counter;
  readonly refusals: Counter<"code">;
  readonly deadlines: Counter;
  readonly lookupMisses: Counter<"kind">;
  readonly configReloadFailures: Counter;
  readonly certificateExpiry: Gauge;
  /** Counts one finding; the namespace is a label only where that was asked for. */
  countFinding(rule: string, severity: string, namespace: string): void;
  /** Lets the reviews that are being judged, and the bytes that bodies hold, be read when the metrics are scraped. */
  watchLoad(load: { readonly inFlight: () => number; readonly bodyBytes: () => number }): void;
  /** Shows the verdicts that all workloads would get; nothing where they are not counted. */
  showWorkloads(counts: WorkloadCounts | undefined): void;
  /** Lets the cluster's gauges be read when the metrics are scraped, so that an age is never an old age. */
  watchCluster(status: () => readonly KindGauges[]): void;
}

/** The API server gives a webhook at most 30 s, by default 10 s; what is slower than that has failed anyway. */
const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Gauges of prom-client with a counter's name, which `promtool check metrics` refuses; the ones by type remain. */
const MISNAMED = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
];

export interface MetricsOptions {
  /**
   * Also the default metrics of the process (memory, event loop, handles); off in tests, where the event-loop
   * histogram would keep a timer for each server.
   */
  readonly process?: boolean;
  /** Findings by namespace too: as many series more as there are namespaces. */
  readonly namespaceLabel?: boolean;
}

/** The metrics of one running server. */
export function createMetrics({ process = true, namespaceLabel = false }: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  if (process) {
    collectDefaultMetrics({ register: registry });
    for (const misnamed of MISNAMED) registry.removeSingleMetric(misnamed);
  }

  const reviews = new Counter({
    name: "attachguard_admission_reviews_total",
    help: "Admission reviews answered, by what was asked and what the answer was.",
    labelNames: ["resource", "operation", "verdict", "dry_run"] as const,
    registers,
  });
  const duration = new Histogram({
    name: "attachguard_admission_duration_seconds",
    help: "Time from the arrival of an admission request to its answer.",
    buckets: DURATION_BUCKETS,
    registers,
  });
  const findings = new Counter({
    name: "attachguard_findings_total",
    help: "Findings in admission reviews, by rule and severity; one user action may be reviewed more than once.",
    labelNames: namespaceLabel ? ["rule", "severity", "namespace"] : ["rule", "severity"],
    registers,
  });
  const overloads = new Counter({
    name: "attachguard_admission_overload_total",
    help: "Admission reviews answered without being judged because they were too many, too large or too slow.",
    registers,
  });
  const unreadBodies = new Counter({
    name: "attachguard_admission_unread_bodies_total",
    help: "Request bodies that were not read, by reason: size, memory, slow, values.",
    labelNames: ["reason"] as const,
    registers,
  });
  for (const reason of ["size", "memory", "slow", "values"]) unreadBodies.inc({ reason }, 0);
  const faults = new Counter({
    name: "attachguard_admission_faults_total",
    help: "Admission reviews answered without being judged because something inside failed.",
    registers,
  });
  const refusals = new Counter({
    name: "attachguard_admission_refused_requests_total",
    help: "Requests refused because they were not an admission review that can be judged, by HTTP status.",
    labelNames: ["code"] as const,
    registers,
  });
  const deadlines = new Counter({
    name: "attachguard_admission_deadlines_total",
    help: "Admission reviews judged by what was known because a lookup did not finish before the deadline.",
    registers,
  });
  const lookupMisses = new Counter({
    name: "attachguard_lookup_misses_total",
    help: "Objects missing from the view of the cluster and looked up directly, by kind.",
    labelNames: ["kind"] as const,
    registers,
  });
  const configReloadFailures = new Counter({
    name: "attachguard_config_reload_failures_total",
    help: "Configurations that could not be used; the last good one stayed in force.",
    registers,
  });
  const certificateExpiry = new Gauge({
    name: "attachguard_certificate_expiry_timestamp_seconds",
    help: "When the serving certificate expires, in seconds since the epoch.",
    registers,
  });

  const workloads = new Gauge({
    name: "attachguard_workloads",
    help: "Workloads with volumes by the verdict that they would get today; each server counts all of them.",
    labelNames: ["verdict"] as const,
    registers,
  });
  const latentFindings = new Gauge({
    name: "attachguard_latent_findings",
    help: "Errors of workloads as they are now, let through or not, by rule; each server counts all of them.",
    labelNames: ["rule"] as const,
    registers,
  });

  return {
    registry,
    reviews,
    duration,
    overloads,
    unreadBodies,
    faults,
    refusals,
    deadlines,
    lookupMisses,
    configReloadFailures,
    certificateExpiry,
    countFinding: (rule, severity, namespace) =>
      findings.inc(namespaceLabel ? { rule, severity, namespace } : { rule, severity }),
    showWorkloads: (counts) => {
      workloads.reset();
      latentFindings.reset();
      for (const [verdict, count] of Object.entries(counts?.verdicts ?? {}))
        workloads.set({ verdict }, count);
      for (const [rule, count] of Object.entries(counts?.latent ?? {})) latentFindings.set({ rule }, count);
    },
    watchLoad: (load) => watchLoad(registry, load),
    watchCluster: (status) => watchCluster(registry, status),
  };
}

function watchLoad(registry: Registry, { inFlight, bodyBytes }: Parameters<Metrics["watchLoad"]>[0]): void {
  new Gauge({
    name: "attachguard_admission_in_flight",
    help: "Admission reviews being judged now.",
    registers: [registry],
    collect() {
      this.set(inFlight());
    },
  });
  new Gauge({
    name: "attachguard_admission_body_bytes",
    help: "Bytes held by request bodies and what is parsed from them, as limits.bodyMemoryBytes bounds them.",
    registers: [registry],
    collect() {
      this.set(bodyBytes());
    },
  });
}

function watchCluster(registry: Registry, status: () => readonly KindGauges[]): void {
  const registers = [registry];
  const labelNames = ["kind"] as const;
  new Gauge({
    name: "attachguard_cluster_objects",
    help: "Objects of a kind that are known.",
    labelNames,
    registers,
    collect() {
      for (const { kind, objects } of status()) this.set({ kind }, objects);
    },
  });
  new Gauge({
    name: "attachguard_cluster_synced",
    help: "1 when a kind has been listed and is being watched, else 0.",
    labelNames,
    registers,
    collect() {
      for (const { kind, state } of status()) this.set({ kind }, state === "synced" ? 1 : 0);
    },
  });
  new Gauge({
    name: "attachguard_cluster_last_event_age_seconds",
    help: "Age of the facts of a kind: time since the moment whose state they are.",
    labelNames,
    registers,
    collect() {
      for (const { kind, ageSeconds } of status()) {
        if (ageSeconds !== undefined) this.set({ kind }, ageSeconds);
      }
    },
  });
}
