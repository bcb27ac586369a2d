import { randomUUID } from "node:crypto";
import { EXAMPLES_FOLDER, type Outcome, readExamples } from "../examples/outcomes.ts";
import { creationOf, type Manifest, manifestsIn, post, type Response, verdictIn } from "./review.ts";
import { startServer } from "./server.ts";

/**
 * `npm run demo`: the webhook as a cluster meets it. Starts the real server over TLS, with the examples as its
 * cluster, sends it the AdmissionReview of every example's Deployment and autoscaler, and prints what it answers.
 * Exits 1 where an answer is not the one that the example's README documents.
 */
const colour = process.stdout.isTTY === true && !process.env.NO_COLOR;
const paint = (code: number, text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);

const LABELS = { deny: paint(31, "DENIED"), warn: paint(33, "WARNED"), allow: paint(32, "ALLOWED") };

// A reader that has seen enough (`| head`) is no fault of the demo.
process.stdout.on("error", () => process.exit());

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function indented(text: string): string {
  return text
    .split("\n")
    .map((line) => `      ${line}`)
    .join("\n");
}

function objectOf({ kind, namespace, name }: Outcome, manifests: readonly Manifest[]): Manifest {
  const found = manifests.find(
    ({ kind: itsKind, metadata }) =>
      itsKind === kind && metadata.namespace === namespace && metadata.name === name,
  );
  if (found === undefined) throw new Error(`no manifest of ${kind} ${namespace}/${name}`);
  return found;
}

/** The first denial is printed whole, as kubectl would; of the others what is wrong and what to do. */
function shortened(message: string): string {
  const lines = message.split("\n");
  return [lines[0], ...lines.filter((line) => /^(Fix|Also): /.test(line))].join("\n");
}

const counts = { told: 0, denied: 0, wrong: 0 };

function tell(outcome: Outcome, response: Response): void {
  const verdict = verdictIn(response);
  const rules = response.auditAnnotations?.rule ?? "";
  const expected = verdict === outcome.verdict && rules === outcome.rules.join(",");
  say(
    `  ${LABELS[verdict]}  create ${outcome.kind} ${outcome.namespace}/${outcome.name}  ${paint(2, rules)}`.trimEnd(),
  );
  const message = response.status?.message;
  if (message !== undefined) {
    say(indented(counts.denied === 0 ? message : shortened(message)));
    counts.denied += 1;
  }
  for (const warning of response.warnings ?? []) say(indented(`Warning: ${warning}`));
  if (!expected) say(paint(31, `      Not as documented: ${outcome.verdict} ${outcome.rules.join(",")}`));
  counts.told += 1;
  if (!expected) counts.wrong += 1;
}

// Without a listener there is no `exit` event, and the server would be left behind.
process.once("SIGTERM", () => process.exit(143));

say("Starting attachguard over TLS, with manifests/examples as its cluster (no Kubernetes needed) ...");
const server = await startServer([EXAMPLES_FOLDER]);
say(`It listens on ${server.url}. Now playing the API server: one AdmissionReview for each object.\n`);

try {
  for (const example of readExamples()) {
    say(paint(1, example.title));
    say(paint(2, `  manifests/examples/${example.id}`));
    const manifests = manifestsIn(example.folder);
    for (const outcome of example.outcomes) {
      const uid = randomUUID();
      const response = await post(server.url, server.ca, uid, creationOf(objectOf(outcome, manifests), uid));
      tell(outcome, response);
    }
    say("");
  }
} finally {
  await server.stop();
}

if (counts.wrong === 0) {
  say(`All ${counts.told} verdicts are the documented ones. The same without a server:`);
  say("  npm run -s attachguard -- check manifests/examples");
} else {
  say(paint(31, `${counts.wrong} of ${counts.told} verdicts are not the documented ones.`));
  process.exitCode = 1;
}
