import type { Units } from "../../cluster/files/units.ts";
import type { Bundle } from "../../cluster/files.ts";
import type { JudgeSettings } from "../../judge/context.ts";
import type { FixId } from "../../policy/fixes.ts";
import type { ClusterView } from "../../policy/view.ts";
import type { FailOn, Report } from "../../report/report.ts";
import type { ReportOptions } from "../emit.ts";
import type { FileOptions } from "../file-options.ts";
import type { ClusterAccess } from "../live.ts";

export interface CheckOptions extends ReportOptions, ClusterAccess, FileOptions {
  readonly live?: true;
  /** False with `--no-config`. */
  readonly config?: string | false;
  readonly baseline?: string;
  readonly writeBaseline?: string;
  /** True: what a rollout strategy fixes; texts: these ways out. */
  readonly fix?: readonly (true | FixId)[];
  readonly diff?: true;
}

/** The report on the files, and what was read from them. */
export interface JudgedFiles {
  readonly report: Report;
  readonly bundle: Bundle;
  readonly units: Units;
  readonly surroundings: ClusterView | undefined;
  /** The paths that were judged. */
  readonly named: readonly string[];
  readonly failOn: FailOn;
  readonly settings: JudgeSettings;
}
