import { ATTACHMENT_RULES, RULES } from "../policy/rules/index.ts";
import { MODES } from "../policy/verdict.ts";
import { DEFAULT_CONFIG } from "./defaults.ts";

/** The part of JSON Schema (draft 7) that the configuration uses. */
export interface Schema {
  readonly $schema?: string;
  readonly $id?: string;
  readonly type: "object" | "array" | "string" | "integer" | "boolean" | readonly ["string", "object"];
  /** For text: what kind of text, as a noun with its article; it completes "expected …". */
  readonly title?: string;
  readonly description: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: false | Schema;
  readonly maxProperties?: number;
  readonly anyOf?: readonly { readonly required: readonly string[] }[];
  readonly items?: Schema;
  readonly minItems?: number;
  readonly uniqueItems?: true;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
}

const ACCESS_MODES = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"] as const;

const NAMESPACE_PATTERN: Pick<Schema, "type" | "title" | "pattern" | "maxLength"> = {
  type: "string",
  title: "a namespace's name, in which * stands for any characters",
  pattern: "^[a-z0-9*]([-a-z0-9*]*[a-z0-9*])?$",
  maxLength: 63,
};

const OBJECT_NAME: Pick<Schema, "type" | "title" | "pattern" | "maxLength"> = {
  type: "string",
  title: "the name of a Kubernetes object",
  pattern: "^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$",
  maxLength: 253,
};

const REASON: Pick<Schema, "type" | "title" | "minLength" | "maxLength"> = {
  type: "string",
  title: "a reason in words",
  minLength: 1,
  maxLength: 200,
};

const FILE: Pick<Schema, "type" | "title" | "minLength"> = {
  type: "string",
  title: "the path of a file",
  minLength: 1,
};

const severitySetting: Schema = {
  type: "string",
  description: "`error` denies in mode enforce, `warning` warns, `off` silences the rule.",
  enum: ["error", "warning", "off"],
};

const attachmentSeveritySetting: Schema = {
  type: "string",
  description: "In audits. `off` silences the rule; what was seen only once stays a warning.",
  enum: ["error", "warning", "off"],
};

const accessModes = (volumeMode: string): Schema => ({
  type: "array",
  description: `Access modes that work with volumeMode ${volumeMode}; an empty list: the driver refuses that volumeMode.`,
  uniqueItems: true,
  items: { type: "string", description: "An access mode, in full.", enum: ACCESS_MODES },
});

const { namespaces, cluster, dryRunMemory, waivers, limits, metrics, shutdown } = DEFAULT_CONFIG;

/** The configuration file. Published as `docs/config.schema.json`; `docs/configuration.md` is generated from it too. */
export const CONFIG_SCHEMA: Schema = {
  $schema: "http://json-schema.org/draft-07/schema#",
  $id: "https://attachguard.dev/config.schema.json",
  title: "attachguard configuration",
  description: "Every key is optional; a key that is left out, or null, has its default.",
  type: "object",
  additionalProperties: false,
  properties: {
    apiVersion: {
      type: "string",
      description: "The version of this format; may be left out.",
      enum: ["attachguard.dev/v1"],
    },
    kind: { type: "string", description: "May be left out.", enum: ["Configuration"] },
    mode: {
      type: "string",
      description:
        "The mode of a namespace that has no label `attachguard.dev/mode`. `enforce`: errors deny, warnings warn. `warn`: everything warns. `audit`: log, metrics and audit annotations only. `off`: not judged.",
      enum: MODES,
      default: DEFAULT_CONFIG.mode,
    },
    namespaces: {
      type: "object",
      description: "Namespaces that are treated differently, whatever their label says.",
      additionalProperties: false,
      default: {},
      properties: {
        excluded: {
          type: "array",
          description:
            "Not judged at all. kube-system and the server's own namespace (attachguard-system in the manifests) never are, whether they are listed or not.",
          uniqueItems: true,
          default: [],
          items: { ...NAMESPACE_PATTERN, description: "A namespace." },
        },
        exempt: {
          type: "array",
          description: "Judged, but every finding is at most a warning that says why.",
          default: namespaces.exempt,
          items: {
            type: "object",
            description: "One namespace or several with similar names; the first entry that matches counts.",
            additionalProperties: false,
            required: ["name", "reason"],
            properties: {
              name: { ...NAMESPACE_PATTERN, description: "The namespace.", examples: ["legacy-*"] },
              reason: { ...REASON, description: "Why; it is shown in every warning, log line and report." },
            },
          },
        },
      },
    },
    callers: {
      type: "array",
      description:
        "Users and groups that get a more lenient mode, for example a GitOps controller that would only retry. If the namespace's own mode is even more lenient, that one applies. The first entry that matches counts.",
      default: DEFAULT_CONFIG.callers,
      items: {
        type: "object",
        description: "Callers that match any of the names here.",
        additionalProperties: false,
        required: ["mode"],
        anyOf: [{ required: ["users"] }, { required: ["groups"] }],
        properties: {
          users: {
            type: "array",
            description:
              "User names as the API server knows them, for example `system:serviceaccount:argocd:argocd-application-controller`, in which `*` stands for any characters.",
            minItems: 1,
            items: {
              type: "string",
              title: "a user name",
              description: "A user name.",
              minLength: 1,
              examples: ["system:serviceaccount:argocd:argocd-application-controller"],
            },
          },
          groups: {
            type: "array",
            description:
              "Group names, for example `system:serviceaccounts:flux-system`, in which `*` stands for any characters.",
            minItems: 1,
            items: {
              type: "string",
              title: "a group name",
              description: "A group name.",
              minLength: 1,
              examples: ["system:serviceaccounts:flux-system"],
            },
          },
          mode: {
            type: "string",
            description: "The strictest mode these callers get.",
            enum: MODES.filter((mode) => mode !== "enforce"),
          },
        },
      },
    },
    severities: {
      type: "object",
      description:
        "The severity of single rules, where it should differ from the rule's own. `attachguard explain` lists the rules.",
      additionalProperties: false,
      default: DEFAULT_CONFIG.severities,
      properties: {
        ...Object.fromEntries(RULES.map(({ id }) => [id, severitySetting])),
        ...Object.fromEntries(ATTACHMENT_RULES.map(({ id }) => [id, attachmentSeveritySetting])),
      },
    },
    ratchet: {
      type: "string",
      description:
        "What an update does with findings that the object already had. `template`: an error only when this update sets them off (a rollout, more replicas, a higher maximum). `always`: always a warning. `never`: judged as if new.",
      enum: ["template", "always", "never"],
      default: DEFAULT_CONFIG.ratchet,
    },
    autoscalerAccounts: {
      type: "array",
      description:
        "User names, in which `*` stands for any characters, of the controllers that scale workloads by themselves; by default those of Kubernetes, KEDA and Argo Rollouts. A list here replaces the default.",
      uniqueItems: true,
      default: DEFAULT_CONFIG.autoscalerAccounts,
      items: {
        type: "string",
        title: "a user name",
        description: "A user name as the API server knows it.",
        minLength: 1,
        examples: ["system:serviceaccount:scaling:keda-operator"],
      },
    },
    autoscalerController: {
      type: "string",
      description:
        "How scaling by `autoscalerAccounts` is treated. `audit`: counted and logged, never denied, because the autoscaler was judged when it was written. `judge`: judged like anyone else's.",
      enum: ["audit", "judge"],
      default: DEFAULT_CONFIG.autoscalerController,
    },
    ignoreAnnotation: {
      type: "string",
      description:
        "What the annotation `attachguard.dev/ignore` with a reason does. `warn`: the finding becomes a warning. `refuse`: nothing; only waivers and this file exempt.",
      enum: ["warn", "refuse"],
      default: DEFAULT_CONFIG.ignoreAnnotation,
    },
    drivers: {
      type: "array",
      description:
        "Facts about storage drivers that override the built-in catalogue. What an entry leaves out stays as the catalogue has it; an exact name wins over a pattern, a longer pattern over a shorter one.",
      default: DEFAULT_CONFIG.drivers,
      items: {
        type: "object",
        description: "One driver.",
        additionalProperties: false,
        required: ["provisioner"],
        properties: {
          provisioner: {
            type: "string",
            title: "a provisioner's name, in which * stands for any characters",
            description: "The provisioner as StorageClasses name it, in which `*` stands for any characters.",
            minLength: 1,
            maxLength: 253,
            examples: ["csi.example.com", "*.nfs.example.com"],
          },
          accessModes: accessModes("Filesystem"),
          blockAccessModes: accessModes("Block"),
          attachRequired: {
            type: "boolean",
            description:
              "False: volumes are mounted without an attach step, so that nothing stops two nodes from mounting a ReadWriteOnce volume.",
          },
          nodeLocal: { type: "boolean", description: "True: a volume can be reached from one node only." },
          sameNodeMultiPod: {
            type: "boolean",
            description: "False: a second pod cannot use the volume even on the same node.",
          },
          refusesSecondNode: {
            type: "boolean",
            description:
              "True: there is no attach step, but the driver refuses a volume on a second node while another node holds it.",
          },
        },
      },
    },
    storageClasses: {
      type: "array",
      description:
        "The StorageClasses of the cluster, for files that do not hold them: a class that is among the files, or that the cluster has, wins.",
      default: DEFAULT_CONFIG.storageClasses,
      items: {
        type: "object",
        description: "One class.",
        additionalProperties: false,
        required: ["name", "provisioner"],
        properties: {
          name: { ...OBJECT_NAME, description: "The class as claims name it.", examples: ["local-path"] },
          provisioner: {
            type: "string",
            title: "a provisioner's name",
            description: "Its `provisioner`.",
            minLength: 1,
            maxLength: 253,
            examples: ["rancher.io/local-path"],
          },
          parameters: {
            type: "object",
            description: "Its `parameters`, as far as they change what the class can do.",
            additionalProperties: { type: "string", description: "A parameter." },
          },
          default: { type: "boolean", description: "True: claims that name no class get this one." },
          accessModes: {
            type: "array",
            description:
              "Access modes that the class can do where they differ from its driver's, as the annotation `attachguard.dev/access-modes` says on a class.",
            uniqueItems: true,
            items: { type: "string", description: "An access mode, in full.", enum: ACCESS_MODES },
          },
        },
      },
    },
    cluster: {
      type: "object",
      description: "How the cluster is read.",
      additionalProperties: false,
      default: {},
      properties: {
        singleNode: {
          type: "boolean",
          description:
            "True: the cluster has one node, on which every pod lands; set it only if that will not change.",
          default: cluster.singleNode,
        },
        watchNodes: {
          type: "boolean",
          description:
            "True: Nodes are watched too, so that labels and taints that leave one node count as proof; the service account needs permission to list and watch nodes. Read at start.",
          default: cluster.watchNodes,
        },
        staleAfterSeconds: {
          type: "integer",
          description:
            "A kind whose facts are older than this many seconds is named as stale in `/readyz` and in answers. A kind that the API server refuses after having allowed it (as it does while it starts) keeps its facts for that long.",
          minimum: 10,
          maximum: 86_400,
          default: cluster.staleAfterSeconds,
        },
      },
    },
    dryRunMemory: {
      type: "object",
      description:
        "What a user has just sent with `--dry-run=server` is added to the view of the cluster for the same user's next dry runs, so that the files of one folder see each other. Never used for real requests; each replica remembers only what it has seen.",
      additionalProperties: false,
      default: {},
      properties: {
        enabled: {
          type: "boolean",
          description: "False: every dry run is judged by itself.",
          default: dryRunMemory.enabled,
        },
        seconds: {
          type: "integer",
          description: "How long an object is remembered.",
          minimum: 1,
          maximum: 3_600,
          default: dryRunMemory.seconds,
        },
        maxEntries: {
          type: "integer",
          description: "How many objects are remembered; the oldest go first.",
          minimum: 1,
          maximum: 1_000_000,
          default: dryRunMemory.maxEntries,
        },
        maxBytes: {
          type: "integer",
          description: "How much memory they may take, in bytes; the oldest go first.",
          minimum: 1_024,
          maximum: 1_073_741_824,
          default: dryRunMemory.maxBytes,
        },
      },
    },
    waivers: {
      type: "object",
      description: "Signed exemptions (annotation `attachguard.dev/waiver`). Without a key none is accepted.",
      additionalProperties: false,
      default: {},
      properties: {
        keys: {
          type: "array",
          description:
            "The public keys that waivers may be signed with (`attachguard waiver keygen` creates a pair).",
          default: waivers.keys,
          items: {
            type: "object",
            description: "One key.",
            additionalProperties: false,
            required: ["id", "issuer", "algorithm", "publicKey"],
            properties: {
              id: {
                type: "string",
                title: "a key id of letters, digits, dots, hyphens and underscores",
                description: "The `kid` in the header of the waivers signed with this key.",
                pattern: "^[A-Za-z0-9._-]+$",
                maxLength: 128,
                examples: ["storage-team-2026"],
              },
              issuer: {
                type: "string",
                title: "who signs",
                description:
                  "Who signs with it: the `iss` that its waivers must carry. It is shown with every use.",
                minLength: 1,
                maxLength: 128,
                examples: ["storage-team@example.com"],
              },
              algorithm: {
                type: "string",
                description: "The only algorithm that is accepted for this key.",
                enum: ["EdDSA", "ES256"],
              },
              publicKey: {
                type: ["string", "object"],
                title: "a public key, as PEM text or as a JWK",
                description: "The public key: PEM text (`-----BEGIN PUBLIC KEY-----`) or a JWK.",
              },
            },
          },
        },
      },
    },
    limits: {
      type: "object",
      description: "How much the server accepts, and what it answers beyond that.",
      additionalProperties: false,
      default: {},
      properties: {
        maxConcurrent: {
          type: "integer",
          description:
            "Reviews that are judged at once, at most a quarter of them from one namespace; a review that gets no slot within a quarter of its deadline gets the answer in `overload`.",
          minimum: 1,
          maximum: 100_000,
          default: limits.maxConcurrent,
        },
        overload: {
          type: "string",
          description:
            "`allow`: let the request pass with a warning that it was not judged. `deny`: refuse it, to be tried again.",
          enum: ["allow", "deny"],
          default: limits.overload,
        },
        onFault: {
          type: "string",
          description: "The answer when something in the server fails: `allow` with a warning, or `deny`.",
          enum: ["allow", "deny"],
          default: limits.onFault,
        },
        bodyBytes: {
          type: "integer",
          description:
            "The largest request body that is judged, in bytes; a larger one gets the answer in `overload`. No object that an API server can store makes a review larger than the default. Read at start.",
          minimum: 65_536,
          maximum: 67_108_864,
          default: limits.bodyBytes,
        },
        bodyMemoryBytes: {
          type: "integer",
          description:
            "How many bytes the bodies of all requests, and what is parsed from them, may hold at once. Bodies above 256 KiB share half of it, one namespace gets a quarter; a body that gets no room within a quarter of its deadline gets the answer in `overload`. 0: a tenth of the memory limit, from 48 MiB to 256 MiB.",
          minimum: 0,
          maximum: 4_294_967_296,
          default: limits.bodyMemoryBytes,
        },
        deadlineMarginMilliseconds: {
          type: "integer",
          description:
            "How long before the API server gives up the answer is sent, with what is known by then. The API server says when, rounded up to whole seconds.",
          minimum: 0,
          maximum: 10_000,
          default: limits.deadlineMarginMilliseconds,
        },
      },
    },
    clientAuth: {
      type: "object",
      description:
        "Ask callers of `/validate` for a client certificate. The API server has to be told to send one (AdmissionConfiguration). Probes and metrics need none. Absent: anyone who can reach the port may ask. Read at start.",
      additionalProperties: false,
      required: ["caFile"],
      properties: {
        caFile: {
          ...FILE,
          description: "PEM file with the CA that signed the API server's client certificate.",
        },
        subjects: {
          type: "array",
          description: "Common names that may call; an empty list: every certificate of that CA.",
          default: [],
          items: { type: "string", title: "a common name", description: "A common name.", minLength: 1 },
        },
      },
    },
    tls: {
      type: "object",
      description:
        "Where the serving certificate comes from: one of the two. Absent: the command line, or development certificates. Read at start; the files themselves are watched.",
      additionalProperties: false,
      default: {},
      maxProperties: 1,
      properties: {
        files: {
          type: "object",
          description:
            "Two PEM files, for example a mounted Secret that cert-manager maintains. Changes take effect without a restart.",
          additionalProperties: false,
          required: ["certFile", "keyFile"],
          properties: {
            certFile: { ...FILE, description: "The certificate, followed by its intermediates." },
            keyFile: { ...FILE, description: "Its private key, not encrypted." },
          },
        },
        selfManaged: {
          type: "object",
          description:
            "The server makes and renews its own CA and certificate, keeps them in a Secret and writes the CA into the webhook configuration.",
          additionalProperties: false,
          properties: {
            secretName: {
              ...OBJECT_NAME,
              description:
                "The Secret; it has to exist (empty), because the permission to create cannot be limited to one name.",
              default: "attachguard-tls",
            },
            namespace: {
              ...OBJECT_NAME,
              description:
                "Where it and the Service are. Default: the server's own namespace (the environment variable POD_NAMESPACE, else attachguard-system).",
            },
            webhookConfiguration: {
              ...OBJECT_NAME,
              description: "The ValidatingWebhookConfiguration whose `caBundle` is kept in sync.",
              default: "attachguard",
            },
            serviceName: {
              ...OBJECT_NAME,
              description: "The Service that the API server calls; the certificate is issued for it.",
              default: "attachguard",
            },
            servingDays: {
              type: "integer",
              description: "Lifetime of the serving certificate in days; it is renewed at two thirds of it.",
              minimum: 1,
              maximum: 30,
              default: 14,
            },
          },
        },
      },
    },
    metrics: {
      type: "object",
      description: "What `/metrics` shows.",
      additionalProperties: false,
      default: {},
      properties: {
        namespaceLabel: {
          type: "boolean",
          description:
            "True: findings are also counted by namespace, which adds one time series per namespace. Read at start.",
          default: metrics.namespaceLabel,
        },
        workloadsIntervalSeconds: {
          type: "integer",
          description:
            "How often, at most, all workloads are judged as they are now, for the gauges `attachguard_workloads` and `attachguard_latent_findings`; 0: never.",
          minimum: 0,
          maximum: 86400,
          default: metrics.workloadsIntervalSeconds,
        },
      },
    },
    shutdown: {
      type: "object",
      description:
        "What happens after SIGTERM; the sum must be below the pod's terminationGracePeriodSeconds.",
      additionalProperties: false,
      default: {},
      properties: {
        delaySeconds: {
          type: "integer",
          description: "How long the server keeps answering while its endpoint is removed from the Service.",
          minimum: 0,
          maximum: 300,
          default: shutdown.delaySeconds,
        },
        graceSeconds: {
          type: "integer",
          description: "How long it then waits for requests in flight.",
          minimum: 1,
          maximum: 300,
          default: shutdown.graceSeconds,
        },
      },
    },
    check: {
      type: "object",
      description:
        "What `attachguard check` does where its command line does not say otherwise. An attachguard.yaml that is found automatically may hold only this, `storageClasses` and `drivers`.",
      additionalProperties: false,
      default: {},
      properties: {
        paths: {
          type: "array",
          description:
            "What is checked if the command line names no path, relative to this file; inside the repository.",
          minItems: 1,
          items: { type: "string", title: "a path", description: "A file or folder.", minLength: 1 },
        },
        exclude: {
          type: "array",
          description: "Globs of what is left out, relative to this file.",
          items: { type: "string", title: "a glob", description: "As --exclude takes it.", minLength: 1 },
        },
        failOn: {
          type: "string",
          description: "The least severe finding that makes the exit code 1.",
          enum: ["error", "warning", "never"],
        },
        render: {
          type: "string",
          description:
            "Whether kustomizations and charts are rendered; `always` is allowed only in a file given with --config.",
          enum: ["auto", "never", "always"],
        },
        nodes: {
          type: "integer",
          description: "How many nodes the cluster has, for certain.",
          minimum: 1,
          maximum: 100_000,
        },
      },
    },
    docsUrl: {
      type: "string",
      title: "an https address that ends in a slash",
      description:
        "Where the pages of docs/rules are served, ending in a slash: messages and reports link to a rule's page as this address followed by its id. Where it ends in `/rules/`, they also link to the page of a claim's storage, in `storage/` beside it.",
      pattern: "^https?://[^\\s]+/$",
      maxLength: 200,
      examples: ["https://platform.example.com/attachguard/rules/"],
    },
  },
};
