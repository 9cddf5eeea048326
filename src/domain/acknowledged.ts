/** Missing numbers that an operator has looked into: still missing and still shown, but no longer alarmed. */
export interface Acknowledged {
  /** Both ends included. */
  readonly from: number;
  readonly to: number;
  /** Epoch ms. */
  readonly at: number;
  /** The operator's own words. Who it was is in the log of `system`. */
  readonly why: string;
}

interface Numbers {
  readonly from: number;
  readonly to: number;
}

/** Which of these covers a gap wholly: part of it may have been filled since, but it has not grown. */
export function acknowledgedBy(
  { from, to }: Numbers,
  all: readonly Acknowledged[],
): Acknowledged | undefined {
  return all.find((each) => each.from <= from && each.to >= to);
}
