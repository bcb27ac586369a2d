import t from "tap";
import { agrees, live } from "../../support/api-server/live.ts";
import { deployment, node } from "../../support/objects.ts";

t.test("changes of a node's status change nothing: the list of nodes stays the same one", async (t) => {
  const it = await live(t, {
    fill: (double) => {
      for (const name of ["n1", "n2", "n3"]) double.put(node(name));
    },
  });
  await it.double.until(() => it.double.watchers() === 12);
  const nodesNow = () => {
    const nodes = it.cluster.view.nodes();
    if (nodes.state !== "known") throw new Error("the nodes are not known");
    return nodes.value;
  };
  const before = nodesNow();
  for (let beat = 0; beat < 500; beat++) {
    const status = { conditions: [{ type: "Ready", status: "True", lastHeartbeatTime: `beat-${beat}` }] };
    it.double.put({ ...node(`n${(beat % 3) + 1}`), status });
  }
  // Comes after them in the same stream of bytes, so that when it has been seen they have.
  it.double.put({ ...node("n3"), spec: { unschedulable: true } });
  while (nodesNow() === before) await new Promise((resolve) => setImmediate(resolve));
  const [first, second, third] = nodesNow();
  t.equal(first, before[0], "the same object");
  t.equal(second, before[1]);
  t.match(third, { name: "n3", unschedulable: true }, "and what counts is a change");
  await agrees(t, it);

  const cordoned = nodesNow();
  it.double.compact();
  it.double.cut("Node");
  it.double.put(deployment());
  await agrees(t, it);
  await it.double.until(() => it.double.seen("list", "Node").length > 1 && it.double.watchers() === 12);
  t.equal(nodesNow(), cordoned, "a new list of the same nodes changes nothing either");
});
