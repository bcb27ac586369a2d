import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(import.meta.dirname, "../../fixtures/reviews");

/** A JSON object that a test takes apart and changes. */
export type Json = Record<string, unknown>;

/** An AdmissionReview as the API server posted it. */
export interface Recording {
  /** The number that the file's name begins with. */
  readonly number: string;
  readonly file: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly review: { readonly request: Json } & Json;
}

export const RECORDINGS: readonly Recording[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".json"))
  .sort()
  .map((file) => {
    const { url, headers, review } = JSON.parse(readFileSync(join(FOLDER, file), "utf8"));
    return { number: file.slice(0, 3), file, url, headers, review };
  });

/** The recording of a number. */
export function recording(number: string): Recording {
  const found = RECORDINGS.find((each) => each.number === number);
  if (found === undefined) throw new Error(`there is no recording ${number}`);
  return found;
}

/** A copy of a recorded review with another uid, changed by a test. */
export function reviewOf(number: string, change: (request: Json) => void = () => {}): Json {
  const review = structuredClone(recording(number).review);
  change(review.request);
  return review;
}

/** The member of an object at a path, to be read or changed. */
export function at(object: unknown, ...path: readonly (string | number)[]): Json {
  const found = path.reduce<unknown>((value, key) => (value as Json)[key], object);
  if (typeof found !== "object" || found === null) throw new Error(`no object at ${path.join(".")}`);
  return found as Json;
}

/** The object that a recorded review carries. */
export function objectOf(number: string): Json {
  return at(structuredClone(recording(number).review), "request", "object");
}

/** The cluster that the recordings were made in, before anything was applied. */
export const CLASSES: readonly Json[] = [
  {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "gp3", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: "ebs.csi.aws.com",
    volumeBindingMode: "WaitForFirstConsumer",
  },
  {
    apiVersion: "storage.k8s.io/v1",
    kind: "CSIDriver",
    metadata: { name: "ebs.csi.aws.com" },
    spec: { attachRequired: true },
  },
];

/** A moment shortly after the recordings began: their workloads are young. */
export const RECORDED_AT = Date.parse("2026-11-20T09:36:37Z");
