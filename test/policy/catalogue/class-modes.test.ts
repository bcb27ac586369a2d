import t from "tap";
import type { DriverOverride } from "../../../src/policy/catalogue/capabilities.ts";
import { modesOfClass } from "../../../src/policy/catalogue/class-modes.ts";
import type { StorageClass } from "../../../src/policy/model.ts";

const classOf = (provisioner: string, accessModes?: StorageClass["accessModes"]): StorageClass => ({
  name: "gp3",
  provisioner,
  parameters: {},
  isDefault: false,
  accessModes,
  expandable: false,
  createdAt: undefined,
});

t.test(
  "what a class offers is said by its annotation, else the configuration, else the catalogue",
  async (t) => {
    const of = (
      one: StorageClass,
      overrides: readonly DriverOverride[] = [],
      mode: "Filesystem" | "Block" = "Filesystem",
    ) => {
      const { modes, from, provisions } = modesOfClass(one, mode, overrides);
      return [modes?.includes("ReadWriteMany"), from, provisions];
    };
    const ebs = classOf("ebs.csi.aws.com");
    t.strictSame(of(ebs), [false, "catalogue", true]);
    t.strictSame(of(classOf("ebs.csi.aws.com", ["ReadWriteMany"])), [true, "annotation", true]);
    t.strictSame(
      of(classOf("kubernetes.io/no-provisioner"))[2],
      false,
      "it only groups volumes made by hand",
    );
    t.strictSame(
      of(classOf("example.com/nobody-knows")),
      [undefined, "catalogue", false],
      "nothing is known of it",
    );
    const configured = [
      { provisioner: "example.com/nobody-knows", accessModes: ["ReadWriteMany"] },
    ] as unknown as DriverOverride[];
    t.strictSame(of(classOf("example.com/nobody-knows"), configured), [true, "configuration", true]);
  },
);
