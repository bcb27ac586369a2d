import { GENERATED } from "./cluster-objects.ts";
import { factFrom } from "../src/kube/fact.ts";
import { ClusterIndex } from "../src/cluster/cluster-index.ts";
import { Sharing } from "../src/cluster/live/sharing.ts"; const sharing = new Sharing();
const gc = (globalThis as any).gc as () => void;
const heap = () => { gc(); gc(); return process.memoryUsage().heapUsed; };
for (const k of GENERATED.slice(0, 4)) {
  const N = 10000; const keep: any[] = new Array(N); const index = new ClusterIndex();
  let text = ""; 
  for (let i = 0; i < 10; i++) factFrom(JSON.parse(JSON.stringify({ kind: k.kind, apiVersion: k.apiVersion, ...k.make(i) })));
  const a = heap();
  for (let i = 0; i < N; i++) { text = JSON.stringify({ kind: k.kind, apiVersion: k.apiVersion, ...k.make(i) }); keep[i] = process.argv[2] ? sharing.share(factFrom(JSON.parse(text))!) : factFrom(JSON.parse(text)); }
  const b = heap();
  for (const f of keep) index.put(f);
  const c = heap();
  console.log(k.kind, text.length, "fact", ((b - a) / N).toFixed(0), "index", ((c - b) / N).toFixed(0), index.count(k.kind as any));
  const o = keep[7].object;
  for (const key of Object.keys(o)) {
    if (typeof o[key] !== "object" || o[key] === null) continue;
    const x = heap(); for (const f of keep) f.object[key] = null; const y = heap();
    console.log("   ", key, ((x - y) / N).toFixed(0));
  }
}
