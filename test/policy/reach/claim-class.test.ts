import t from "tap";
import { type ConfiguredClass, DEFAULT_OPTIONS } from "../../../src/policy/options.ts";
import { classNamed, classOf, knownClasses } from "../../../src/policy/reach/claim-class.ts";
import { bundle } from "../../support/bundle.ts";
import { claim, file, storageClass } from "../../support/objects.ts";

const configured: readonly ConfiguredClass[] = [
  { name: "slow", provisioner: "efs.csi.aws.com" },
  { name: "fast", provisioner: "ebs.csi.aws.com", default: true },
] as never;
const options = { ...DEFAULT_OPTIONS, storageClasses: configured };

t.test("a class that no file holds is the one that the configuration has under its name", async (t) => {
  const named = (name: string | undefined, ...more: readonly Readonly<Record<string, unknown>>[]) => {
    const { view, bundle: read } = bundle(file(claim({ spec: { storageClassName: name } }), ...more));
    const [asked] = read.claims;
    if (asked === undefined) throw new Error("no claim");
    const { storageClass: found, described } = classOf(asked, view, options);
    return [found?.provisioner, described];
  };
  t.match(named("slow"), ["efs.csi.aws.com", /StorageClass slow .*according to the configuration/]);
  t.match(named("fast"), ["ebs.csi.aws.com", /StorageClass fast/]);
  t.match(named(undefined), ["ebs.csi.aws.com", /fast .*the default class, inferred/], "the default one");
  t.match(named("other"), [undefined, /StorageClass other is not known/]);
  t.match(named(""), [undefined, /has no StorageClass/]);
});

t.test("all that are known are those of the cluster and then those of the configuration", async (t) => {
  const { view } = bundle(file(storageClass));
  t.strictSame(
    knownClasses(view, options).map(({ name }) => name),
    ["gp3", "slow", "fast"],
  );
  t.match(classNamed("gp3", view, options), { state: "known", value: { provisioner: "ebs.csi.aws.com" } });
  t.match(classNamed("fast", view, options), { state: "known", value: { isDefault: true } });
  t.match(classNamed("slow", view, options), { state: "known", value: { isDefault: false } });
});
