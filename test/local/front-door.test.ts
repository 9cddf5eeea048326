import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createStreamService } from '../fake/stream-service.ts';
import { allow, openFrontDoor, place, policy } from '../fixture/front-door.ts';
import { exchange, http1, put, signedPut, streamArn } from '../fixture/put-calls.ts';

let local: Awaited<ReturnType<typeof openFrontDoor>>;
const service = createStreamService(streamArn);

beforeAll(async () => {
  local = await openFrontDoor(() => [service]);
});
beforeEach(() => {
  service.reached.length = 0;
  local.faults.clear();
  local.faults.seen.clear();
  local.clock.offset = 0;
});
afterAll(() => local.close());

describe('one port', () => {
  it('takes a signed call over HTTP/1.1', async () => {
    await http1(local.asRoot()).send(put());
    expect(service.reached.map(({ operation }) => operation)).toEqual(['PutRecords']);
    expect(service.reached[0]?.principal.arn).toBe(`arn:aws:iam::${place.account}:root`);
  });

  it('takes a signed call over HTTP/2 without TLS, however large', async () => {
    const client = new KinesisClient(local.asRoot());
    const sizes = [1, 5_000_000];
    for (const size of sizes) await client.send(put(size));
    client.destroy();
    expect(service.reached.map(({ headers }) => headers['host'])).toEqual(
      sizes.map(() => local.door.url.slice('http://'.length)),
    );
  });

  it('gives what bears no signature to the site', async () => {
    const answer = await fetch(`${local.door.url}/v1/events?limit=1`);
    expect([answer.status, await answer.text()]).toEqual([418, 'site /v1/events?limit=1']);
  });

  it.each(['PUT', 'PATCH'])(
    'tells the protocols apart when %s comes byte by byte',
    async (method) => {
      const socket = connect(local.door.port, '127.0.0.1').setNoDelay();
      for (const byte of `${method} / HTTP/1.1`) {
        socket.write(byte);
        // A whole exchange beside it: by then the byte has been read alone.
        await fetch(local.door.url);
      }
      socket.write('\r\nhost: x\r\nconnection: close\r\n\r\n');
      const answer = Buffer.concat(await socket.toArray()).toString();
      expect(answer).toMatch(/^HTTP\/1\.1 418 /);
    },
  );

  it('knows HTTP/2 when it comes byte by byte', async () => {
    const socket = connect(local.door.port, '127.0.0.1').setNoDelay();
    for (const byte of ['P', 'R', 'I * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\0\0\0\x04\0\0\0\0\0']) {
      socket.write(byte);
      await fetch(local.door.url);
    }
    // Its first frame is of type 4: SETTINGS.
    const [answer] = await once(socket, 'data');
    expect(answer[3]).toBe(4);
    socket.destroy();
  });

  it('refuses a body over 16 MiB and does not reach the service', async () => {
    const { headers } = await signedPut(local.asRoot());
    const { authorization = '' } = headers;
    const answer = await exchange(
      local.door.url,
      { authorization },
      'x'.repeat(16 * 1024 * 1024 + 1),
    );
    expect([answer.status, service.reached.length]).toEqual([413, 0]);
  });

  it('says so when it has no such service', async () => {
    const { headers, body } = await signedPut(local.asRoot());
    const authorization = headers['authorization']?.replace('/kinesis/', '/lambda/') ?? '';
    expect(await exchange(local.door.url, { ...headers, authorization }, body)).toMatchObject({
      status: 400,
    });
    expect(
      (await exchange(local.door.url, { authorization: 'AWS4-HMAC-SHA256 nonsense' })).body,
    ).toContain('Incomplete');
  });

  it('closes at once with idle connections of both kinds and a request under way', async () => {
    const other = await openFrontDoor(() => [service]);
    other.faults.add({
      service: 'kinesis',
      fault: { kind: 'delay', until: new Promise(() => {}) },
    });
    const session = connectHttp2(other.door.url).on('error', () => {});
    const idle = connect(other.door.port, '127.0.0.1');
    const waiting = http1(other.asRoot())
      .send(put())
      .catch((error: Error) => error);
    await expect.poll(() => other.faults.seen.get('kinesis:PutRecords')).toBe(1);
    await expect.poll(() => session.connecting).toBe(false);
    const closed = Promise.all(
      [session, idle].map((each) => new Promise((done) => each.once('close', done))),
    );
    await other.close();
    await closed;
    expect(await waiting).toBeInstanceOf(Error);
  });
});

describe('a signature', () => {
  it('that was altered is refused', async () => {
    const { headers, body } = await signedPut(local.asRoot());
    const last = headers['authorization']?.at(-1) === '0' ? '1' : '0';
    const authorization = headers['authorization']?.slice(0, -1) + last;
    const answer = await exchange(local.door.url, { ...headers, authorization }, body);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({ __type: 'InvalidSignatureException' });
    expect((await exchange(local.door.url, headers, body)).status).toBe(200);
  });

  it('does not cover another body, header or path', async () => {
    const { headers, body } = await signedPut(local.asRoot());
    expect(JSON.parse((await exchange(local.door.url, headers, `${body} `)).body).__type).toBe(
      'InvalidSignatureException',
    );
    const date = headers['x-amz-date'] ?? '';
    const moved = {
      ...headers,
      'x-amz-date': date.replace(/.Z$/, date.endsWith('0Z') ? '1Z' : '0Z'),
    };
    expect(JSON.parse((await exchange(local.door.url, moved, body)).body).__type).toBe(
      'InvalidSignatureException',
    );
    const added = { ...headers, 'x-amz-extra': '1' };
    expect(JSON.parse((await exchange(local.door.url, added, body)).body).message).toContain(
      "'x-amz-extra' must be",
    );
    expect(service.reached).toEqual([]);
  });

  it('does not hold with another secret, and no key is known that was never given', async () => {
    const { accessKeyId } = local.iam.root;
    const forged = local.config({ accessKeyId, secretAccessKey: 'guessed' });
    await expect(http1(forged).send(put())).rejects.toMatchObject({
      name: 'InvalidSignatureException',
    });
    const stranger = local.config({ accessKeyId: 'AKIAAAAAAAAAAAAAAAAA', secretAccessKey: 'x' });
    await expect(http1(stranger).send(put())).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
    });
  });

  it('is refused a quarter of an hour before and after its time, and not just within it', async () => {
    const { headers, body } = await signedPut(local.asRoot());
    for (const offset of [-16 * 60_000, 16 * 60_000]) {
      local.clock.offset = offset;
      expect(JSON.parse((await exchange(local.door.url, headers, body)).body).message).toMatch(
        /^Signature (expired|not yet current)/,
      );
    }
    local.clock.offset = 14 * 60_000;
    expect((await exchange(local.door.url, headers, body)).status).toBe(200);
  });

  it('made for another region is refused', async () => {
    const elsewhere = http1({ ...local.asRoot(), region: 'us-east-1' });
    await expect(elsewhere.send(put())).rejects.toThrow("not 'us-east-1'");
  });

  it('of a session needs its token, and ends with it', async () => {
    const session = local.asRole('writer', [policy(allow('kinesis:PutRecords'))]);
    await http1(session).send(put());
    const { sessionToken: _, ...bare } = session.credentials;
    await expect(http1(local.config(bare)).send(put())).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
    });
    const { headers, body } = await signedPut(session);
    local.clock.offset = 14 * 60_000;
    const late = http1(session);
    expect((await exchange(local.door.url, headers, body)).status).toBe(200);
    local.clock.offset = 901_000;
    late.config.systemClockOffset = local.clock.offset;
    await expect(late.send(put())).rejects.toMatchObject({ name: 'ExpiredTokenException' });
  });
});

describe('a permission', () => {
  it('that is missing is denied in AWS’s words', async () => {
    const session = local.asRole('reader', [policy(allow('kinesis:GetRecords'))]);
    const error = await http1(session)
      .send(put())
      .catch((reason) => reason);
    expect(error).toMatchObject({ name: 'AccessDeniedException' });
    expect(error.message).toMatch(
      `User: arn:aws:sts::${place.account}:assumed-role/reader/session is not authorized to perform: kinesis:PutRecords on resource: ${streamArn}`,
    );
    expect(service.reached).toEqual([]);
  });

  it('must be in the session policy too', async () => {
    const all = [policy(allow('kinesis:*'))];
    const bounded = local.asRole('bounded', all, {
      sessionPolicy: policy(allow('kinesis:PutRecords', streamArn)),
    });
    await http1(bounded).send(put());
    const other = local.asRole('other', all, {
      sessionPolicy: policy(allow('kinesis:PutRecords', `${streamArn}2`)),
    });
    await expect(http1(other).send(put())).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  it('is taken away by a tag, also from a session that is open', async () => {
    const session = local.asRole('tagged', [policy(allow('kinesis:*'))], {
      tags: { tenant: 'acme' },
    });
    await http1(session).send(put());
    const brake = (tenant: string) => ({
      Effect: 'Deny',
      Action: '*',
      Resource: '*',
      Condition: { StringEquals: { 'aws:PrincipalTag/tenant': tenant } },
    });
    local.iam.putPolicy('tagged', 'brake', policy(brake('globex')));
    await http1(session).send(put());
    local.iam.putPolicy('tagged', 'brake', policy(brake('acme')));
    await expect(http1(session).send(put())).rejects.toThrow('explicit deny');
  });
});
