import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const script = fileURLToPath(new URL('../fixture/open-bombs.ts', import.meta.url));

/**
 * Measured: 50 to 70 MB, most of it what the collector has not taken yet of a hundred attempts. Without the bound on
 * the output a single bomb of 256 MiB takes over 500.
 */
const limit = 128 * 1024 * 1024;

test.each(['zstd', 'deflate'])(
  'a hundred %s bombs, which claim what they may and unpack to 256 MiB each, are refused in bounded memory',
  async (enc) => {
    const { stdout } = await promisify(execFile)(process.execPath, [script, enc]);
    const { codes, claimed, grown } = JSON.parse(stdout);
    expect(codes).toEqual(['size-mismatch']);
    expect(claimed).toBeLessThanOrEqual(4 * 1024 * 1024);
    expect(grown).toBeLessThan(limit);
  },
);
