import { harmlessJson } from "../../report/harmless.ts";
import type { DiagnosisDocument } from "../diagnosis.ts";

/** One JSON object as `docs/diagnosis.schema.json` describes it, with a newline at its end. */
export function renderJson(document: DiagnosisDocument): string {
  return `${harmlessJson(JSON.stringify(document, null, 2))}\n`;
}
