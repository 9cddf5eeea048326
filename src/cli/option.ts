/** An option as `--help` shows it. */
export interface Option {
  /** What stands for its value in the help, such as `DAYS`; without one it is a switch. */
  readonly value?: string;
  readonly repeated?: boolean;
  readonly help: string;
}
