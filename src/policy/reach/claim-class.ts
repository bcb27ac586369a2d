import type { Claim, StorageClass } from "../model.ts";
import type { ClusterView } from "../view.ts";

/** The class that will provision a claim; `described` is how a sentence names it, or says why there is none. */
export interface ClaimClass {
  readonly storageClass: StorageClass | undefined;
  readonly described: string;
}

/**
 * The class that a claim names, or the default class where it names none: what the API server fills in on CREATE,
 * and later when a default appears (`plugin/pkg/admission/storage/storageclass/setdefault`).
 */
export function classOf(claim: Claim, view: ClusterView): ClaimClass {
  const name = claim.storageClassName;
  if (name === "") {
    return { storageClass: undefined, described: "it has no StorageClass, and no volume is bound to it" };
  }
  const found = name === undefined ? view.defaultStorageClass() : view.storageClass(name);
  if (found.state === "known") {
    const { value } = found;
    const inferred = name === undefined ? ", the default class, inferred since the claim names none" : "";
    return { storageClass: value, described: `StorageClass ${value.name} (${value.provisioner}${inferred})` };
  }
  const what = name === undefined ? "default StorageClass" : `StorageClass ${name}`;
  return {
    storageClass: undefined,
    described: found.state === "absent" ? `there is no ${what}` : `${what} is not known (${found.reason})`,
  };
}
