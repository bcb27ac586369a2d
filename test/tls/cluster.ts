import type { SecretStore, WebhookStore } from "../../src/tls/cluster-store.ts";

/**
 * The two objects as an API server keeps them: every write raises the version, and one that was planned on another
 * version is refused. A failure that is set is what calls reject with.
 */
export class FakeCluster {
  secretData: Record<string, string> | undefined = {};
  bundles: readonly string[] | undefined = ["", ""];
  secretFailure: string | undefined;
  webhookFailure: string | undefined;
  secretWrites = 0;
  webhookWrites = 0;
  conflicts = 0;
  /** Runs before a write of the Secret, so that others can write in between. */
  beforeSecretWrite: (() => Promise<void>) | undefined;
  #version = 1;
  #secretVersion = 1;
  #webhookVersion = 1;

  /** Somebody edits the Secret by hand. */
  editSecret(data: Record<string, string> | undefined): void {
    this.secretData = data;
    this.#secretVersion = ++this.#version;
  }

  /** Somebody edits the webhook configuration by hand. */
  editBundles(bundles: readonly string[] | undefined): void {
    this.bundles = bundles;
    this.#webhookVersion = ++this.#version;
  }

  readonly secret: SecretStore = {
    label: "Secret ns/name",
    read: async () => {
      await turn();
      if (this.secretFailure !== undefined) throw new Error(this.secretFailure);
      if (this.secretData === undefined) return undefined;
      return { resourceVersion: String(this.#secretVersion), data: { ...this.secretData } };
    },
    write: async (changes, resourceVersion) => {
      await this.beforeSecretWrite?.();
      await turn();
      if (this.secretFailure !== undefined) throw new Error(this.secretFailure);
      if (this.secretData === undefined) return "absent";
      if (resourceVersion !== String(this.#secretVersion)) {
        this.conflicts++;
        return "conflict";
      }
      const data = Object.entries({ ...this.secretData, ...changes }).filter(
        ([, value]) => value !== undefined,
      );
      this.editSecret(Object.fromEntries(data) as Record<string, string>);
      this.secretWrites++;
      return "written";
    },
  };

  readonly webhooks: WebhookStore = {
    label: "ValidatingWebhookConfiguration name",
    read: async () => {
      await turn();
      if (this.webhookFailure !== undefined) throw new Error(this.webhookFailure);
      if (this.bundles === undefined) return undefined;
      return { resourceVersion: String(this.#webhookVersion), caBundles: this.bundles };
    },
    write: async (caBundle, seen) => {
      await turn();
      if (this.webhookFailure !== undefined) throw new Error(this.webhookFailure);
      if (this.bundles === undefined) return "absent";
      if (seen.resourceVersion !== String(this.#webhookVersion)) {
        this.conflicts++;
        return "conflict";
      }
      this.editBundles(this.bundles.map(() => caBundle));
      this.webhookWrites++;
      return "written";
    },
  };
}

/** Lets whatever else is under way go on first, as a call over the network does. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
