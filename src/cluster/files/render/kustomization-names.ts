/** The names that kustomize looks for (kustomize api/konfig/general.go). */
export const KUSTOMIZATION_NAMES: readonly string[] = [
  "kustomization.yaml",
  "kustomization.yml",
  "Kustomization",
];
