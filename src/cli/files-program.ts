/**
 * The command line where no cluster is asked. The build joins it with its dependencies into one script, since each
 * further file costs a third of a millisecond, and leaves out what talks to a cluster.
 */
export { start } from "./start.ts";
