/** Placeholder of the shape until the catalogue lands. */
export interface DriverOverride {
  readonly provisioner: string;
}
