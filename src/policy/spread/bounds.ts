/**
 * How much of what a user writes is looked at, far above any real template: beyond it nothing is proved, so that the
 * finding stands. What hands templates on (`admission/body`) may leave out what is beyond these, never less.
 */

/** Labels of a template. */
export const MOST_LABELS = 1_000;

/** What required pod affinity, anti-affinity or the spread constraints of one template ask for, each by itself. */
export const MOST_EXPRESSIONS = 256;
export const MOST_VALUES = 2_000;

/** What node constraints and tolerations ask for. */
export const MOST_NODE_EXPRESSIONS = 1_000;
/** What they name in all: at least twice what excluding every host of the largest cluster takes. */
export const MOST_NODE_VALUES = 10_000;
