import type { ClusterIndex } from "../../src/cluster/cluster-index.ts";
import { type Bundle, type BundleOptions, parseBundle } from "../../src/cluster/files.ts";
import type { Workload } from "../../src/policy/model.ts";

export interface TestBundle {
  readonly view: ClusterIndex;
  readonly bundle: Bundle;
  /** The workload of this name; without one, the first of the bundle. */
  workload(name?: string): Workload;
}

/**
 * YAML as `check` would read it. Throws on every error, the merely noted included, so that a typo in a table is loud.
 *
 * @param options the nodes of a table are all there are, unless it says otherwise
 */
export function bundle(yaml: string, options: BundleOptions = { nodesComplete: true }): TestBundle {
  const read = parseBundle([{ file: "test.yaml", text: yaml }], options);
  const [problem] = read.errors;
  if (problem !== undefined) throw new Error(`line ${problem.line}: ${problem.message}\n${yaml}`);
  return {
    view: read.index,
    bundle: read,
    workload(name) {
      const found = read.workloads.find((workload) => name === undefined || workload.name === name);
      if (found === undefined) throw new Error(`no workload ${name ?? ""} in\n${yaml}`);
      return found;
    },
  };
}
