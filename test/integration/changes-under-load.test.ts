import t from "tap";
import { CLASSES, type Json, objectOf, recording, reviewOf } from "../admission/support/reviews.ts";
import { responseOf, serving, startServer, verdictSeen } from "../admission/support/server.ts";

const REQUESTS = 600;
const CALLERS = 6;

t.test("no valid request is lost while configuration, certificates and namespaces change", async (t) => {
  const server = await startServer(t, { objects: [...CLASSES, objectOf("004"), objectOf("005")] });
  const { cluster, certificates, configure, post, agent } = server;
  const numbers = ["004", "005", "006", "010", "014", "042"].filter((number) => recording(number));
  const pairs = await Promise.all([serving(), serving(), serving()]);
  let left = REQUESTS;
  const seen = new Set<string>();
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const review = reviewOf(numbers[left % numbers.length] ?? "005", (request) => {
        request.uid = `uid-${left}`;
      });
      seen.add(verdictSeen(responseOf(t, await post(review), review)));
    }
  };
  const changes = async (): Promise<void> => {
    for (let at = 0; left > 0; at++) {
      configure({ mode: (["enforce", "warn", "audit"] as const)[at % 3] ?? "enforce" });
      const labels: Json = at % 2 === 0 ? {} : { "attachguard.dev/mode": "warn" };
      cluster.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "shop", labels } });
      certificates.replace(pairs[at % pairs.length] as (typeof pairs)[number]);
      // Idle connections are given up now and then, as the API server does.
      if (at % 10 === 0)
        for (const sockets of Object.values(agent.freeSockets))
          for (const socket of sockets ?? []) socket.end();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await Promise.all([changes(), ...Array.from({ length: CALLERS }, caller)]);
  t.same([...seen].sort(), ["allow", "deny", "warn"], "the changes were felt");
  t.equal(server.log.filter((line) => line.msg === "decision").length, REQUESTS);
});
