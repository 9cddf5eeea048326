export interface Viewport {
  /** Pixels. */
  readonly scrollTop: number;
  readonly height: number;
  readonly rowHeight: number;
  readonly count: number;
}

/** Rows `first` ≤ i < `end` are in the document; the rest is empty space of the right height. */
export interface RowWindow {
  readonly first: number;
  readonly end: number;
}

/** Rows beyond what is seen, above and below, so that a fast wheel meets no gap. */
const beyond = 12;

export function rowWindow({ scrollTop, height, rowHeight, count }: Viewport): RowWindow {
  const top = Math.floor(Math.max(0, scrollTop) / rowHeight);
  const seen = Math.ceil(height / rowHeight) + 1;
  const first = Math.max(0, Math.min(top, count - seen) - beyond);
  return { first, end: Math.min(count, first + seen + 2 * beyond) };
}

/** Where to scroll to so that a row is seen whole; the same place if it is. */
export function scrollToShow(index: number, { scrollTop, height, rowHeight }: Viewport): number {
  const top = index * rowHeight;
  if (top < scrollTop) return top;
  return top + rowHeight > scrollTop + height ? top + rowHeight - height : scrollTop;
}
