import t from "tap";
import { commandWithoutCluster } from "../../src/cli/without-cluster.ts";

const CASES: Readonly<Record<string, string | undefined>> = {
  "": "help",
  "--help": "help",
  "-V": "help",
  "help audit": "help",
  "check --help": "help",
  "diagnose -h": "help",
  "check a.yaml": "check",
  "check a.yaml --format json": "check",
  "check --live a.yaml": undefined,
  "check --live --help": undefined,
  "explain rwo-replicas": "explain",
  "__complete -- check --f": "__complete",
  "diagnose -A --from dump.json": "diagnose",
  "diagnose --from dump.json -A": "diagnose",
  "diagnose pod/web-0 -n shop --from dump.json": "diagnose",
  "diagnose -n shop -A --closed --from dump.json --help": "diagnose",
  "diagnose -A": undefined,
  "diagnose -A --from=dump.json": undefined,
  "diagnose pod/web-0 -n --from": undefined,
  "diagnose -A --save --from": undefined,
  "audit --help": undefined,
  serve: undefined,
  chekc: undefined,
};

for (const [words, command] of Object.entries(CASES))
  t.test(`attachguard ${words}`, async (t) => {
    t.equal(commandWithoutCluster(words.split(" ").filter((word) => word !== "")), command);
  });
