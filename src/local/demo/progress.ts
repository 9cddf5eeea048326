/** Says on standard error what goes on: a bar on a terminal, a line at each step elsewhere. */
export interface Progress {
  step(message: string): void;
  /** `done` of `total`; redrawn in place on a terminal. */
  bar(label: string, done: number, total: number): void;
}

const width = 30;

export function createProgress(out: NodeJS.WriteStream): Progress {
  let onBar = false;
  const endBar = () => {
    if (onBar) out.write('\n');
    onBar = false;
  };
  return {
    step(message) {
      endBar();
      out.write(`${message}\n`);
    },
    bar(label, done, total) {
      if (!out.isTTY) return;
      const share = total === 0 ? 1 : done / total;
      const filled = Math.round(width * share);
      const drawn = '█'.repeat(filled) + '░'.repeat(width - filled);
      out.write(
        `\r  ${label} ${drawn} ${String(Math.floor(share * 100)).padStart(3)}% ${done}/${total}`,
      );
      onBar = true;
      if (done === total) endBar();
    },
  };
}
