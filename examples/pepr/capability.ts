// One of the capabilities of a Pepr module, as `npx pepr init` creates one: copy it and policy.js there.
import { a, Capability, K8s, kind } from "pepr";
import { answerTo } from "./policy.js";

export const Volumes = new Capability({
  name: "volumes",
  description: "Refuses workloads that would wait for each other's volume",
});

Volumes.When(a.Deployment)
  .IsCreatedOrUpdated()
  .Validate(async (request) => {
    const { namespace = "default" } = request.Request;
    const lists = await Promise.all([
      K8s(kind.PersistentVolumeClaim).InNamespace(namespace).Get(),
      K8s(kind.HorizontalPodAutoscaler).InNamespace(namespace).Get(),
      K8s(kind.StorageClass).Get(),
      K8s(kind.PersistentVolume).Get(),
    ]);
    const { allowed, message, warnings } = await answerTo(request.Request, lists);
    return allowed ? request.Approve(warnings) : request.Deny(message, 403, warnings);
  });
