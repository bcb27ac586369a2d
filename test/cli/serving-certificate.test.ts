import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import t from "tap";
import { servingCertificate } from "../../src/cli/serving-certificate.ts";
import { DEFAULT_CONFIG } from "../../src/config/config.ts";
import { issueCa, issueServing } from "../../src/tls/issue.ts";

t.test("a certificate for another namespace than the server's is told at once", async (t) => {
  const now = Date.now();
  const ca = await issueCa({ name: "test", days: 1, now });
  const said = async (host: string, namespace: string | undefined) => {
    const folder = t.testdir();
    const { certificate, key } = await issueServing({ ca, hosts: [host], days: 1, now });
    const [tlsCert, tlsKey] = [join(folder, "tls.crt"), join(folder, "tls.key")];
    writeFileSync(tlsCert, certificate);
    writeFileSync(tlsKey, key);
    const lines: string[] = [];
    const log = pino({}, { write: (line: string) => void lines.push(line) });
    const terminal = {
      argv: [],
      env: { POD_NAMESPACE: namespace },
      stdin: process.stdin,
      stdout: process.stdout,
      stderr: process.stderr,
    };
    const source = await servingCertificate({ tlsCert, tlsKey }, DEFAULT_CONFIG, terminal, log);
    await source.close();
    return lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  };
  t.match(await said("attachguard.attachguard-system.svc", "bar"), [
    /names no Service in namespace bar.*make it out to SERVICE\.bar\.svc/,
  ]);
  t.strictSame(await said("foo-attachguard.bar.svc", "bar"), []);
  t.strictSame(await said("*.bar.svc", "bar"), []);
  t.strictSame(await said("localhost", undefined), [], "outside a cluster nobody asks by a Service's name");
});
