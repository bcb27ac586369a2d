import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Extractor, ExtractorConfig } from "@microsoft/api-extractor";

const COMPILED = ".build";
const REPORTS = "dist/api";
const SCRATCH = join(COMPILED, "api");
/** Each entry of `exports`, by the name of its files. */
const ENTRIES = { index: "attachguard", fastify: "attachguard-fastify" };

/**
 * Joins the declarations of each entry of the library into one file beside it, and writes down what it promises: a
 * test compares that with what has been committed in `etc`, so that a change of it is seen (`npm run api` accepts it).
 */
export async function writeDeclarations() {
  await spellOutRuleIds();
  mkdirSync(REPORTS, { recursive: true });
  mkdirSync(SCRATCH, { recursive: true });
  for (const [entry, report] of Object.entries(ENTRIES)) {
    const config = ExtractorConfig.prepare({
      configObject: {
        projectFolder: process.cwd(),
        mainEntryPointFilePath: join(process.cwd(), COMPILED, "library", `${entry}.d.ts`),
        bundledPackages: [],
        newlineKind: "lf",
        compiler: {
          overrideTsconfig: {
            compilerOptions: {
              target: "es2024",
              lib: ["es2024"],
              module: "nodenext",
              moduleResolution: "nodenext",
              types: ["node"],
              strict: true,
              skipLibCheck: true,
              noEmit: true,
              allowImportingTsExtensions: true,
            },
            files: [join(COMPILED, "library", `${entry}.d.ts`)],
          },
        },
        apiReport: {
          enabled: true,
          reportFileName: `${report}.api.md`,
          reportFolder: join(process.cwd(), REPORTS),
          reportTempFolder: join(process.cwd(), SCRATCH),
        },
        docModel: { enabled: false },
        tsdocMetadata: { enabled: false },
        dtsRollup: { enabled: true, untrimmedFilePath: join(process.cwd(), "dist", `${entry}.d.ts`) },
        messages: {
          // Docstrings here are plain sentences, not TSDoc.
          tsdocMessageReporting: { default: { logLevel: "none" } },
          extractorMessageReporting: {
            default: { logLevel: "error" },
            "ae-missing-release-tag": { logLevel: "none" },
            "ae-undocumented": { logLevel: "none" },
          },
          compilerMessageReporting: { default: { logLevel: "error" } },
        },
      },
      configObjectFullPath: join(process.cwd(), "api-extractor.json"),
      packageJsonFullPath: join(process.cwd(), "package.json"),
    });
    const { succeeded } = Extractor.invoke(config, {
      localBuild: true,
      showVerboseMessages: false,
      // That a report is new, since each build begins without any, is no news.
      messageCallback: (message) => {
        if (message.messageId.startsWith("console-")) message.handled = true;
      },
    });
    if (!succeeded) throw new Error(`the declarations of ${entry} are incomplete`);
  }
}

/** In the source the ids come from the list of rules; whoever uses the types gets them without how rules are made. */
async function spellOutRuleIds() {
  const { RULES } = await import(pathToFileURL(join(COMPILED, "policy/rules/index.js")).href);
  const file = join(COMPILED, "policy/finding.d.ts");
  const derived = 'export type RuleId = (typeof RULES)[number]["id"];';
  const [before, after, ...more] = readFileSync(file, "utf8").split(derived);
  if (after === undefined || more.length > 0) throw new Error(`${file} does not say once: ${derived}`);
  const ids = RULES.map(({ id }) => JSON.stringify(id)).join(" | ");
  writeFileSync(file, `${before}export type RuleId = ${ids};${after}`);
}
