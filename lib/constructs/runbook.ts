/**
 * Every alarm, with what it means and what to do: the line that whoever is woken reads first. An alarm's
 * description has room for 1,024 characters
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html).
 */
export const runbook = {
  // The way from the stream to the table.
  Late: {
    means: 'The consumer is 5 minutes behind the stream. Nothing is lost; events are seen later.',
    do: 'Look at ConsumerErrors, ConsumerThrottles and WriteThrottles: whichever is in alarm is the cause. With none, one poisoned shard or a flood: see the iterator age by shard, and raise parallelization or shards.',
  },
  NearLoss: {
    means:
      'The consumer is behind by a tenth of what the stream keeps. When it falls behind by all of it, records that no client holds any more are lost.',
    do: 'Raise the retention of the stream at once (up to 365 days, nothing else changes), then mend what Late names.',
  },
  ConsumerErrors: {
    means: 'The consumer failed as a whole; Lambda repeats it, so nothing is lost yet.',
    do: 'Read the last error in its log. After a deployment: roll back. Permissions, KMS or a table gone: mend; it goes on by itself.',
  },
  ConsumerThrottles: {
    means:
      'Lambda has no room for the consumer: the account’s concurrency, or what is reserved for it, is used up. Records wait in the stream.',
    do: 'Find who uses it (Lambda, concurrent executions by function). Reads: lower readsPerSecond. Then reserve some for the consumer (reservedConcurrency), raise what is reserved, or raise the account’s quota.',
  },
  WriteThrottles: {
    means:
      'DynamoDB throttles writes: one tenant’s partition takes no more, or the account’s limit is met.',
    do: 'See which table. Batches: find the tenant in the log of the consumer (records put aside, throttled) and raise its shards. Others: ask for a higher table quota.',
  },
  Throttled: {
    means:
      'A tenant was throttled past the deadline: its records wait, whole, in the redrive bucket, and its neighbours go on.',
    do: 'Raise the tenant’s shards, then redrive what is in the bucket.',
  },
  DeliveryFailures: {
    means:
      'Lambda could not keep what the consumer gave up: those records are lost when the stream lets go of them.',
    do: 'Mend the redrive bucket (policy, role, gone?). Then read the stream again from before the failure: a batch that was stored makes no second row.',
  },
  // What was not accepted.
  DeadLetters: {
    means: 'Records wait in the quarantine or redrive bucket, whole, with their reasons.',
    do: 'List them by reason; mend the cause; redrive, or discard with a reason.',
  },
  Quarantined: {
    means: 'Records were quarantined in the last 5 minutes. The dashboard has them by reason.',
    do: 'Look at the reason, then at the first record: its client’s version and clock are what is most often wrong. No tenant in `dlq ls`: nothing proves whose it is, whatever it says; many of them are an attacker’s or a broken client’s: see QuarantinedForged.',
  },
  QuarantinedForged: {
    means:
      'Records whose signature, grant or client does not hold: a broken client, a key that was revoked, or somebody who tries.',
    do: 'Find the session in CloudTrail (its name is the grant’s id). If it is not a client’s mistake: revoke its grants and its key, and deny its tenant by the tag of the session.',
  },
  QuarantinedStale: {
    means:
      'Records that came too late for their grant or their retention, or from the future: a spool that waited for long, or a clock that is off.',
    do: 'Compare the clock of the client. What is only late can be redriven once its grant’s end is not the matter.',
  },
  UnknownVersion: {
    means: 'Records of a version that the consumer does not know: a newer client than the service.',
    do: 'Deploy the newer service, then redrive.',
  },
  GrantsStopped: {
    means:
      'A client sealed far more bytes or faults under one grant than `grantQuota` allows; nobody else can cause it. The grant is stopped: what came under it since is quarantined as `grant-stopped`. Its client learns of it within 5 minutes and goes on under a new grant.',
    do: 'The log of the consumer names tenant, client and grant. A key in other hands: revoke the key, then the grant. A client in a loop: have it fixed. A load that is right: raise `grantQuota`. Then `sealtrail dlq redrive --reason grant-stopped` stores what was held back, unless the grant or its key was revoked.',
  },
  // What is missing or doubled.
  ProducerGaps: {
    means:
      'A producer’s numbers have had a gap for over 2 minutes: batches are missing, late, or in quarantine. It goes on until they come.',
    do: 'GET /v1/producers names producer and numbers. Look in quarantine and redrive bucket for them; then ask the client: what it never sent is in its spool. A gap that nothing fills is to be told to the tenant; then `sealtrail producers acknowledge` ends the alarm; the gap stays shown as missing.',
  },
  BatchesUntold: {
    means:
      'Batches are stored that the feed has not told of: whoever follows the feed, exports and copies made from it, lacks them; readers see them. It is counted for a day, and ends once they are told of. A clock of the consumer that was off, a feed that was throttled, or a row that the consumer did not write.',
    do: 'GET /v1/producers names them (`untold`). Look in the redrive bucket for their records: a redrive tells the feed. Else give followers the batches by name (GET /v1/batches?batch=…), and see CloudTrail for who inserted the row.',
  },
  ProducerForks: {
    means:
      'A producer numbered two batches alike, or its chain is broken: a spool folder was copied, a machine was restored from an image, or its key leaked.',
    do: 'GET /v1/producers names producer and numbers. Stop the second process; if there is none, revoke the key and its grants. Both batches stay to be read.',
  },
  Equivocations: {
    means: 'Two events with one id and different bytes were read.',
    do: 'Read the event: both are shown with their producers. It is a client that gives an id twice, or somebody who contradicts a record.',
  },
  IntegrityErrors: {
    means: 'What was stored does not open as it was signed.',
    do: 'The log names the row, and what of it is untrue. A row that ends early (`expires`) will be removed by DynamoDB, which no reader can prevent: copy it now (GET /v1/batches?batch=…). Nobody can alter it by permission, so treat it as an incident: keep the item, see CloudTrail for the table and its policy, and compare with a point-in-time restore into another table.',
  },
  AuditorSilent: {
    means:
      'The auditor is over 15 minutes behind, or has not run: gaps and forks may be there and are not told.',
    do: 'Look at its errors, and whether its rule is enabled. It goes on where it stopped; nothing is lost.',
  },
  TenantsSkipped: {
    means:
      'A tenant’s row in the registry is of another form, so what is missing of that tenant is not told. The others are looked after.',
    do: 'The log of the auditor names the row. Put it right as `tenants list` shows the others; the auditor goes on where it stopped.',
  },
  RowsSkipped: {
    means:
      'A row of the table of producers, or an item of the feed, is of another form: what is missing of that producer, or what that item told of, is not told. All else is looked after.',
    do: 'The log of the auditor names the row. Nobody but the auditor writes the table of producers: see CloudTrail. Remove a producer’s row, and its marks: what it had heard of shows as `untold` or as a gap, and is then to be looked into.',
  },
  AuditorErrors: {
    means: 'The auditor failed as a whole.',
    do: 'Read the last error in its log. It goes on where it stopped; nothing is lost.',
  },
  // Those who ask.
  TokenErrors: {
    means: 'The token service failed as a whole.',
    do: 'As TokenFailed.',
  },
  TokenFailed: {
    means:
      'The token service answered 5xx: clients get no new credentials. They go on for half an hour at least with those they have, and lose nothing after that: they wait.',
    do: 'See the reason: KMS, STS or a table does not answer. IssuerThrottled in alarm: see there. Else see the health of the region.',
  },
  TokenRefused: {
    means:
      'The token service refused 100 requests in 5 minutes: a revoked or wrong key that is still used, proofs by a clock that is off, a client in a loop, or somebody who tries keys.',
    do: 'See the reason on the dashboard and the addresses in the log of the API. unauthenticated: which deployment still has the old key? proof-invalid: clocks. quota-exceeded: a client that does not keep its credentials.',
  },
  IssuerThrottled: {
    means: 'KMS or STS throttles the token service: the next flood of clients will have to wait.',
    do: 'See which (reason), and who else uses it in this account; ask for a higher quota.',
  },
  ReadsUnrecorded: {
    means:
      'Reads were answered (or refused, with readsMustBeRecorded) that could not be recorded in the tenant’s log.',
    do: 'Read the log of the read function: TokenFailed, a permission, or a stream that takes no records. Who read meanwhile is in the log of the API by address and time, though not what.',
  },
  ServerErrors: {
    means: 'The API answered 5xx: no credentials are vended, or nothing can be read.',
    do: 'TokenFailed in alarm: see there. Else read the last error in the log of the read function. If there is none, Lambda had no room for it (its metric Throttles): find the reader that asks most (lines `read` in that log, by key), and raise what is reserved for read, or lower readQuota.',
  },
} as const satisfies Record<string, { readonly means: string; readonly do: string }>;

export type AlarmName = keyof typeof runbook;
