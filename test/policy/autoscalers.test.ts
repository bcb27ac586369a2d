import t from "tap";
import { withoutMadeOnes } from "../../src/policy/autoscalers.ts";
import type { Autoscaler } from "../../src/policy/model.ts";

const scaledObject: Autoscaler = {
  kind: "ScaledObject",
  namespace: "shop",
  name: "web",
  uid: "u",
  target: { kind: "Deployment", name: "web" },
  minReplicas: 1,
  maxReplicas: 5,
} as unknown as Autoscaler;
const made = {
  ...scaledObject,
  kind: "HorizontalPodAutoscaler",
  name: "keda-hpa-web",
  uid: "h",
  scaledObject: { name: "web", uid: "u" },
} as unknown as Autoscaler;

t.test("the autoscaler that KEDA made is one with its ScaledObject, until somebody widens it", async (t) => {
  const left = (one: Autoscaler, of: Autoscaler = scaledObject) => withoutMadeOnes([of, one]).length;
  t.equal(left(made), 1);
  t.equal(left({ ...made, maxReplicas: 4, minReplicas: 2 }), 1, "a narrower one");
  t.equal(left({ ...made, maxReplicas: 6 }), 2, "a higher maximum");
  t.equal(left({ ...made, minReplicas: 0 }), 2, "a lower minimum");
  t.equal(left({ ...made, target: { ...made.target, name: "other" } }), 2, "another target");
  t.equal(left({ ...made, target: { ...made.target, kind: "StatefulSet" } }), 2, "another kind of target");
  t.equal(
    left({ ...made, scaledObject: { name: "web", uid: "old" } }),
    2,
    "of a ScaledObject that was deleted",
  );
  t.equal(left({ ...made, scaledObject: undefined }), 2, "somebody's own");
  t.equal(
    left({ ...made, maxReplicas: 1 }, { ...scaledObject, maxReplicas: 0, minReplicas: 0 }),
    1,
    "KEDA asks for at least 1",
  );
  t.equal(withoutMadeOnes([made, made]).length, 2, "no ScaledObject is known");
  t.equal(left(scaledObject, { ...scaledObject, name: "b", uid: "b" }), 2, "two ScaledObjects");
});
