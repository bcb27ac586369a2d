/**
 * The command line where `check` judges files. The build joins it with its dependencies into one file, since each
 * further file costs a third of a millisecond, and leaves out what talks to a cluster.
 */
export { main } from "./program.ts";
