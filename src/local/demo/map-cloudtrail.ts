import { isIP } from 'node:net';
import { fromTime, sha256, toTime } from '../../domain/encoding.ts';
import type { Event } from '../../domain/event.ts';
import { uuidV7 } from '../../domain/uuid.ts';

/** https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html */
type Fields = Readonly<Record<string, unknown>>;

/**
 * An AWS CloudTrail record as an event: who, what, on what, from where and how it ended in our terms, the
 * whole record under `metadata.cloudtrail`. The id is derived from the record's own id and time, so that a
 * record that is imported twice is one event. Throws a TypeError that says what a record lacks.
 */
export function mapCloudTrail(record: unknown): Event {
  const fields = object(record);
  if (fields === undefined) throw new TypeError('not a CloudTrail record: not an object');
  const action = text(fields, 'eventName');
  const source = text(fields, 'eventSource');
  const eventId = text(fields, 'eventID');
  const ms = timeOf(fields);
  if (action === undefined || eventId === undefined || ms === undefined)
    throw new TypeError(
      'not a CloudTrail record: it needs eventName, eventID, and eventTime or @timestamp',
    );
  const service = source?.replace(/\.amazonaws\.com$/, '');
  const errorCode = text(fields, 'errorCode');
  const reason = text(fields, 'errorMessage') ?? errorCode;
  return {
    id: uuidV7(ms, sha256(`cloudtrail\0${eventId}\0${ms}`)),
    time: toTime(ms),
    action: service === undefined ? action : `${service}.${action}`,
    actor: actorOf(object(fields['userIdentity']) ?? {}, fields),
    targets: targetsOf(fields),
    outcome: outcomeOf(errorCode),
    ...(errorCode === undefined ? {} : { reason: reason?.slice(0, 2048) }),
    context: contextOf(fields),
    metadata: { cloudtrail: fields },
  } as Event;
}

function object(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : undefined;
}

function text(fields: Fields | undefined, name: string): string | undefined {
  const value = fields?.[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** `eventTime` has seconds; exports through Logstash have `@timestamp` in its place. */
function timeOf(fields: Fields): number | undefined {
  const given = text(fields, 'eventTime') ?? text(fields, '@timestamp');
  const ms = given === undefined ? Number.NaN : Date.parse(given);
  return fromTime(Number.isNaN(ms) ? '' : toTime(ms));
}

const denied = /(AccessDenied|Unauthorized|Forbidden|NotAuthorized)/i;

function outcomeOf(errorCode: string | undefined): Event['outcome'] {
  if (errorCode === undefined) return 'success';
  return denied.test(errorCode) ? 'denied' : 'failure';
}

/** The most telling name first; behind an assumed role, whoever's session it is. */
function actorOf(identity: Fields, record: Fields): Event['actor'] {
  const type = text(identity, 'type') ?? 'Unknown';
  const invoker = text(identity, 'invokedBy') ?? text(record, 'sourceIPAddress') ?? 'unknown';
  const id =
    text(identity, 'arn') ??
    text(identity, 'principalId') ??
    text(identity, 'accountId') ??
    invoker;
  const issuer = object(object(identity['sessionContext'])?.['sessionIssuer']);
  const name = text(identity, 'userName') ?? text(issuer, 'userName');
  const sessionId = text(identity, 'accessKeyId');
  return {
    type,
    id: id.slice(0, 512),
    ...(name === undefined ? {} : { name }),
    ...(sessionId === undefined ? {} : { sessionId }),
  };
}

/** The resources that the record lists, or else what its request names as ids, names and ARNs. */
function targetsOf(record: Fields): Event['targets'] {
  const listed = Array.isArray(record['resources']) ? record['resources'] : [];
  const targets = listed.flatMap((resource) => {
    const arn = text(object(resource), 'ARN') ?? text(object(resource), 'arn');
    const type = text(object(resource), 'type') ?? 'resource';
    return arn === undefined ? [] : [target(type, arn)];
  });
  if (targets.length === 0) collect(record['requestParameters'], '', targets);
  const distinct = new Map(targets.map((each) => [`${each.type} ${each.id}`, each]));
  return [...distinct.values()].slice(0, 50);
}

/** `instanceId`, `bucketName`, `roleArn`; a bare `name` is as often that of a filter as of a thing. */
const naming = /^(?:(.+?)_?(?:id|name|arn)|id|arn)$/i;

/** Members that name a thing, at any depth; what only narrows a list is no target. */
function collect(value: unknown, within: string, targets: Event['targets']): void {
  if (Array.isArray(value)) for (const item of value) collect(item, within, targets);
  const fields = object(value);
  if (fields === undefined) return;
  for (const [key, member] of Object.entries(fields)) {
    if (/^(filter|attribute)/i.test(key)) continue;
    const named = naming.exec(key);
    if (named !== null && typeof member === 'string' && member !== '')
      targets.push(target(named[1] || within || 'resource', member));
    else collect(member, key, targets);
  }
  const bucket = text(fields, 'bucketName');
  const key = text(fields, 'key');
  if (bucket !== undefined && key !== undefined) targets.push(target('object', `${bucket}/${key}`));
}

function target(type: string, id: string): Event['targets'][number] {
  const safe = type.replaceAll('::', '.').replace(/[^A-Za-z0-9._-]/g, '_');
  return { type: safe.slice(0, 128) || 'resource', id: id.slice(0, 512) };
}

/** A call by a service bears its name (`ec2.amazonaws.com`) in place of an address. */
function contextOf(record: Fields): NonNullable<Event['context']> {
  const address = text(record, 'sourceIPAddress');
  const userAgent = text(record, 'userAgent')?.slice(0, 2048);
  const requestId = text(record, 'requestID');
  const location = text(record, 'awsRegion');
  return {
    ...(address !== undefined && isIP(address) !== 0 ? { ip: address } : {}),
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(location === undefined ? {} : { location }),
  };
}
