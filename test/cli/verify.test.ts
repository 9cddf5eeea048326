import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import type { Output, Row } from '../../src/cli/output.ts';
import { run } from '../../src/cli/run.ts';
import { noneYet } from '../../src/cli/verify/tally.ts';
import { verifyProofFile } from '../../src/cli/verify/verify-proof-file.ts';
import { readClient } from '../../src/domain/access-log.ts';
import { makeProof, type Proof } from '../../src/domain/proof.ts';
import { signBatch } from '../../src/domain/seal.ts';
import { batchOf, signer } from '../fixture/batches.ts';
import { batchLine, bundleOf, chainOf, grantLine } from '../fixture/bundles.ts';
import { event, line, lines } from '../fixture/events.ts';
import { issuerOf } from '../fixture/issued.ts';

const now = Date.parse('2026-03-01T12:00:00.000Z');
const issuer = issuerOf();
const who = signer();
const folder = mkdtempSync(join(tmpdir(), 'sealtrail-verify-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const of = lines(now, 5);
function proof(index: number, by = who): Proof {
  const record = signBatch(
    batchOf(of, { client: by.client, producer: by.producer }),
    by.grantId,
    by.key,
  );
  const manifest = record.toString('latin1', 0, record.indexOf(0x0a));
  return makeProof({ lines: of, index, manifest, grant: issuer.grant(by), arrival: now });
}

let files = 0;
function written(content: string | Buffer): string {
  const file = join(folder, `${files++}`);
  writeFileSync(file, content);
  return file;
}

async function verify(content: string | Buffer, ...words: string[]) {
  const said = { stdout: '', stderr: '' };
  const writer = (name: keyof typeof said) => ({
    write(chunk: string) {
      said[name] += chunk;
    },
  });
  const env = { XDG_CONFIG_HOME: folder };
  const code = await run(['verify', written(content), ...words], {
    stdout: writer('stdout'),
    stderr: writer('stderr'),
    env,
  });
  const rows = words.includes('--json')
    ? said.stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line))
    : [];
  return { code, rows, ...said };
}

const pinned = ['--issuer', issuer.pin];
const json = (value: unknown) => JSON.stringify(value);

const unsigned = 'Revocations and arrivals are the word of the file: nobody has signed them.\n';
const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);
const withIssuerKey = (more: unknown) => ({
  ...proof(0),
  issuerKey: { ...issuer.key.jwk, kid: issuer.pin, alg: 'EdDSA', use: 'sig', more },
});
function notUtf8(): Buffer {
  const bytes = Buffer.from(json(withIssuerKey('?')));
  bytes[bytes.lastIndexOf('?')] = 0xff;
  return bytes;
}
/** Under a grant of the read API: it records a read. */
function ofService(): Proof {
  const reader = signer({ client: readClient });
  const read = [line(event(now, { action: 'audit.log.read' }))];
  const record = signBatch(batchOf(read, { ...reader }), reader.grantId, reader.key);
  const manifest = record.toString('latin1', 0, record.indexOf(0x0a));
  const grant = issuer.grant(reader, { via: 'service' });
  return makeProof({ lines: read, index: 0, manifest, grant, arrival: now });
}

describe('a file of proofs', () => {
  test.each([
    ['one', json(proof(0)), 1],
    ['one with a line end', `${json(proof(0))}\n`, 1],
    ['one over many lines', JSON.stringify(proof(0), null, 2), 1],
    ['one a line', [0, 1, 2].map((i) => json(proof(i))).join('\n'), 3],
    ['others of the same id', json({ ...proof(0), others: [proof(1)] }), 2],
  ])('%s: all intact is exit code 0', async (_, content, count) => {
    const { code, rows, stderr } = await verify(content, ...pinned, '--json');
    expect([code, stderr]).toEqual([0, '']);
    expect(rows).toHaveLength(count);
    for (const row of rows) expect(row).toMatchObject({ verdict: 'intact', tenant: 'acme' });
  });

  test('one forged among intact ones is named, with why, and is exit code 1', async () => {
    const forged = { ...proof(1), line: proof(2).line };
    const { code, stdout } = await verify([proof(0), forged].map(json).join('\n'), ...pinned);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^forged {2}[0-9a-f-]{36}; the line and its path do not lead to the root/m,
    );
    expect(stdout).toContain('2 proof(s): 1 intact, 0 incomplete, 1 forged.');
  });

  test('a line that is no JSON spoils itself only, wherever the file is cut into pieces', async () => {
    // The broken line begins a piece of the 64 KiB in which a file is read.
    const good = `${json(proof(0))}\n`;
    const before = Math.floor(65_536 / good.length);
    const padding = ' '.repeat(65_536 - before * good.length - 1);
    const { code, rows } = await verify(
      `${good.repeat(before)}${padding}\n{broken\n${good.repeat(100)}`,
      ...pinned,
      '--json',
    );
    expect(code).toBe(1);
    expect(rows.filter(({ verdict }) => verdict === 'intact')).toHaveLength(before + 100);
    expect(rows.filter(({ verdict }) => verdict === 'forged')).toHaveLength(1);
  });

  test('without a pinned issuer it says that anybody could have made it: exit code 3', async () => {
    const { code, stdout, stderr } = await verify(json(proof(0)));
    expect(code).toBe(3);
    expect(stdout).toContain('incomplete');
    expect(stderr).toContain('anybody could have made this file');
  });

  test('of an issuer that is not pinned, or of another tenant, it is forged', async () => {
    expect((await verify(json(proof(0)), '--issuer', issuerOf().pin)).code).toBe(1);
    expect((await verify(json(proof(0)), ...pinned, '--tenant', 'globex')).code).toBe(1);
    expect((await verify(json(proof(0)), '--issuer', issuerOf().pin, ...pinned)).code).toBe(0);
  });

  test.each([
    ['nothing', '', 3],
    ['something else', 'hello', 1],
    ['a member twice', json(proof(0)).replace('{', '{"v":1,'), 1],
    ['an empty object', '{}', 3],
    ['bytes that are no UTF-8 in a member that is ignored', notUtf8(), 1],
    ['33 levels in a member that is ignored', json(withIssuerKey(deep(31))), 1],
    ['a proof without its path', json({ ...proof(0), path: undefined }), 3],
  ])('%s is not intact', async (_, content, code) => {
    expect((await verify(content, ...pinned)).code).toBe(code);
  });

  test('what could steer a terminal is shown by its number', async () => {
    const { stdout } = await verify(json({ ...proof(0), '\x1b[2J': 1 }), ...pinned);
    expect(stdout).not.toContain('\x1b');
  });

  test('with the issuer’s key as its JWKS gives it is intact', async () => {
    expect((await verify(json(withIssuerKey('x')), ...pinned)).code).toBe(0);
    expect((await verify(json(withIssuerKey(deep(30))), ...pinned)).code).toBe(0);
  });

  test('over 256 KiB it is refused as soon as it is', async () => {
    let pulled = 0;
    async function* brackets() {
      for (; pulled < 100; pulled++) yield Buffer.alloc(65_536, '[');
    }
    const tally = noneYet();
    const rows: Row[] = [];
    const out = { rows: (some: readonly Row[]) => rows.push(...some), say() {}, note() {} };
    await verifyProofFile(brackets(), { issuers: new Set() }, out as unknown as Output, tally);
    expect(tally).toEqual({ intact: 0, incomplete: 0, forged: 1 });
    expect(rows[0]?.['why']).toContain('over 262144 bytes');
    expect(pulled).toBeLessThan(6);
  });

  test('a long line spoils what is behind it, and nothing before it', async () => {
    const long = json({ ...proof(1), pad: 'x'.repeat(300_000) });
    const { rows } = await verify(
      [json(proof(0)), long, json(proof(2))].join('\n'),
      ...pinned,
      '--json',
    );
    expect(rows.map(({ verdict }) => verdict).slice(0, 2)).toEqual(['intact', 'forged']);
  });

  test('of the service’s own client says that no application sealed it', async () => {
    const { stdout } = await verify(json(ofService()), ...pinned);
    expect(stdout).toMatch(/^intact .*; sealed by the service itself, not by an application$/m);
    const { rows } = await verify(json(ofService()), ...pinned, '--json');
    expect(rows[0]).toMatchObject({ verdict: 'intact', via: 'service' });
    expect((await verify(json(proof(0)), ...pinned)).stdout).not.toContain('by the service');
  });

  test('says that nobody has signed revocations and arrivals', async () => {
    const { stdout } = await verify(json(proof(0)), ...pinned);
    expect(stdout).toContain(unsigned);
  });
});

describe('an export', () => {
  const chain = chainOf(who, 4, now);
  const batches = chain.map((batch) => batchLine(who, batch));
  const grant = grantLine(issuer.grant(who));

  test('without a batch proves nothing, whoever is pinned: exit code 3', async () => {
    for (const words of [[], pinned]) {
      const { code, stdout } = await verify(bundleOf([], []), ...words);
      expect(code).toBe(3);
      expect(stdout).toContain('there is no batch in it');
      expect(stdout).not.toContain('Tenant acme');
    }
  });

  test('intact: each event with --json, and for people what it comes to', async () => {
    const whole = bundleOf([grant], batches);
    const { code, rows } = await verify(whole, ...pinned, '--json');
    expect(code).toBe(0);
    expect(rows.filter(({ verdict }) => verdict === 'intact')).toHaveLength(12);
    expect(rows.at(-1)).toMatchObject({ file: 'intact', events: { intact: 12 }, tenant: 'acme' });
    const { stdout } = await verify(whole, ...pinned);
    expect(stdout).toContain('4 batch(es): 4 intact, 0 incomplete, 0 forged; 12 event(s) intact');
    expect(stdout).toContain('each without a gap');
    expect(stdout).toContain(unsigned);
    expect(stdout).not.toContain('by the service');
  });

  test('says how many events the service itself sealed', async () => {
    const operator = signer({ client: 'operator' });
    const own = issuer.grant(operator, { via: 'service' });
    const own4 = chainOf(operator, 2, now).map((batch) => batchLine(operator, batch));
    const { stdout } = await verify(
      bundleOf([grant, grantLine(own)], [...batches, ...own4]),
      ...pinned,
    );
    expect(stdout).toContain('6 event(s) sealed by the service itself, not by an application.');
  });

  test.each([
    ['a batch left out', bundleOf([grant], batches.toSpliced(1, 1)), 3, /have gaps or forks/],
    ['its end cut', bundleOf([grant], batches).subarray(0, -30), 3, /The file is incomplete/],
    [
      'a byte changed',
      Buffer.from(
        bundleOf([grant], batches)
          .toString('latin1')
          .replace('"sealed"', '"Sealed"')
          .replace('AEIM', 'AEIN')
          .replace('eyJ2Ijox', 'eyJ2Ijoy'),
        'latin1',
      ),
      1,
      /forged/,
    ],
    ['no grant', bundleOf([], batches), 3, /the grant it was sealed under is not there/],
  ])('%s', async (_, content, code, said) => {
    const found = await verify(content, ...pinned);
    expect(found.code).toBe(code);
    expect(found.stdout).toMatch(said);
  });
});

test('pins may stand in a profile, which counts only when it is named', async () => {
  const file = join(folder, 'profiles.json');
  writeFileSync(file, json({ prod: { url: 'https://audit.example', issuers: [issuer.pin] } }));
  const said = { write: () => {} };
  const streams = { stdout: said, stderr: said, env: { SEALTRAIL_PROFILES: file } };
  const proofFile = written(json(proof(0)));
  expect(await run(['verify', proofFile, '--profile', 'prod'], streams)).toBe(0);
  expect(await run(['verify', proofFile], streams)).toBe(3);
  expect(await run(['verify', proofFile, '--profile', 'nope'], streams)).toBe(2);
});

test.each([
  [['nofile'], 1],
  [[], 2],
  [['x', '--issuer', 'short'], 2],
])('%j', async (words, code) => {
  const said = { write: () => {} };
  expect(await run(['verify', ...words], { stdout: said, stderr: said, env: {} })).toBe(code);
});

test('it opens no socket and asks no name: a process that would die of it verifies all the same', async () => {
  const file = written(json(proof(0)));
  const guard = written(
    `const die = (what) => () => { process.stderr.write(what); process.exit(99); };
     const net = require('node:net'); net.Socket.prototype.connect = die('connect');
     net.Server.prototype.listen = die('listen');
     const dns = require('node:dns'); dns.lookup = die('lookup'); dns.promises.lookup = die('lookup');
     require('node:dgram').createSocket = die('dgram'); globalThis.fetch = die('fetch');`,
  );
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
  const tool = async (...words: string[]) => {
    const args = ['--require', guard, main, ...words];
    const env = {
      PATH: process.env['PATH'],
      SEALTRAIL_URL: 'http://127.0.0.1:9',
      SEALTRAIL_API_KEY: 'k',
    };
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    return { code, stdout, stderr };
  };
  expect(await tool('verify', file, ...pinned)).toMatchObject({ code: 0, stderr: '' });
  // The guard does see what a command that asks the API does.
  expect((await tool('query')).code).toBe(99);
});
