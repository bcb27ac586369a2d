// The package `attachguard`: everything here takes objects or text and reads nothing by itself, neither files nor the
// environment nor a cluster.

export type { ReviewResponse } from "../admission/review.ts";
export { AttachguardError, ERRORS, type ErrorCode } from "../errors.ts";
export type { Capabilities } from "../policy/catalogue/capabilities.ts";
export type { EnforcedAt } from "../policy/catalogue/driver.ts";
export {
  type Factors,
  type Moment,
  type Overlap,
  REACHES,
  type Reach,
  type Spread,
} from "../policy/factors.ts";
export type { Field, FieldStep, Related } from "../policy/field.ts";
export type { Exemption, Finding, FindingClaim, PodNumbers, RuleId } from "../policy/finding.ts";
export { FIXES, type Fix, type FixId, type FixTarget } from "../policy/fixes.ts";
export type { ObjectRef, SourcePosition } from "../policy/model.ts";
export { MODES, type Mode, type Severity, type Verdict } from "../policy/verdict.ts";
export { FORMATS, type Format } from "../report/formats.ts";
export type { Plan } from "../report/plan.ts";
export {
  FAIL_ON,
  type FailOn,
  type FindingPlaces,
  type JudgedWorkload,
  type NotJudged,
  type Place,
  type RelatedPlace,
  type RenderOptions,
  type ReportError,
  type ReportedFinding,
  type ReportNote,
  type Summary,
} from "../report/report.ts";
export { type Configuration, parseConfig } from "./config.ts";
export { type ClusterFacts, clusterFacts, type FactsOptions } from "./facts.ts";
export { type JudgeOptions, judge, judgeChange } from "./judge.ts";
export {
  type AccessMode,
  capabilities,
  PROVISIONERS,
  RULES,
  type RuleDescription,
  type VolumeMode,
} from "./knowledge.ts";
export type { Manifest, ManifestObject, Manifests, ManifestText } from "./manifests.ts";
export { exitCode, explain, explainRule, render } from "./render.ts";
export type { Report } from "./report.ts";
export { judgeReview, type ReviewJudgement } from "./review.ts";
