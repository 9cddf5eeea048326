/** How many were found to be what. */
export interface Tally {
  intact: number;
  incomplete: number;
  forged: number;
}

export const noneYet = (): Tally => ({ intact: 0, incomplete: 0, forged: 0 });
