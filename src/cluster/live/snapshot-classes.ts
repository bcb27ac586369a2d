import { record, text } from "../../kube/raw.ts";
import { connectObjectClient } from "./connect.ts";
import type { ConfigSource } from "./kube-config.ts";
import type { Resource } from "./source.ts";

const RESOURCE: Resource = {
  group: "snapshot.storage.k8s.io",
  version: "v1",
  plural: "volumesnapshotclasses",
};

/**
 * A VolumeSnapshotClass for each driver that has one; undefined where they may not be read. No verdict reads them:
 * they belong to what recreating a claim costs.
 */
export async function snapshotClassesIn(
  source: ConfigSource,
): Promise<ReadonlyMap<string, string> | undefined> {
  const client = await connectObjectClient(source);
  try {
    if (!(await client.serves(RESOURCE))) return new Map();
    const classes = await client.list(RESOURCE, { namespace: "", labelSelector: "" }, (raw) => {
      const { driver, metadata } = record(raw);
      const [of, name] = [text(driver), text(record(metadata).name)];
      return of === undefined || name === undefined ? undefined : ([of, name] as const);
    });
    return new Map(classes);
  } catch {
    // A right that is missing, or a server that went away meanwhile: the note then says how to look.
    return undefined;
  } finally {
    client.close();
  }
}
